"""A client of NHN KCP's window (표준인증창, V2), written from the protocol alone and in another language: if it registers, drives the window
over HTTP and decrypts the result, the sandbox speaks KCP and not merely what our own client happens to speak.

Reads one JSON object from standard input and prints one to standard output; `window.test.mjs` drives it.
Standard library and the `openssl` program only. A browser is played by reading each page's forms and posting one of them.
"""

import base64
import hashlib
import html.parser
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

ROUNDS = 10_000
WAIT_SECONDS = 10


class Cipher:
    """AES-256-CBC with PKCS#7; key and IV by PBKDF2 from a salt that is fresh for every message."""

    def __init__(self, site_cd, enc_key):
        self.site_cd = site_cd
        self.enc_key = enc_key

    def run(self, direction, salt, data):
        key = hashlib.pbkdf2_hmac("sha256", self.enc_key.encode(), salt, ROUNDS, 32)
        iv = hashlib.pbkdf2_hmac("sha256", self.site_cd.encode(), salt, ROUNDS, 32)[:16]
        return subprocess.run(
            ["openssl", "enc", "-aes-256-cbc", direction, "-K", key.hex(), "-iv", iv.hex()],
            input=data,
            stdout=subprocess.PIPE,
            check=True,
            timeout=30,
        ).stdout

    def encrypt(self, text):
        salt = os.urandom(16)
        data = self.run("-e", salt, text.encode("utf-8"))
        return base64.b64encode(data).decode(), base64.b64encode(salt).decode()

    def decrypt(self, data, rv):
        return self.run("-d", base64.b64decode(rv), base64.b64decode(data)).decode("utf-8")


class Merchant:
    """The two server-to-server calls."""

    def __init__(self, address, site_cd, enc_key):
        self.address = address
        self.site_cd = site_cd
        self.cipher = Cipher(site_cd, enc_key)

    def post(self, path, body, **headers):
        request = urllib.request.Request(
            self.address + path,
            data=body.encode("utf-8"),
            headers={"Content-Type": "application/json", "site_cd": self.site_cd, **headers},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read().decode("utf-8"))

    def register(self, **fields):
        plaintext = {"site_cd": self.site_cd, "web_siteid": "", **fields}
        data, rv = self.cipher.encrypt(json.dumps(plaintext, ensure_ascii=False))
        return self.post("/api/reg/certDataReg.do", data, rv=rv)

    def query(self, reg_cert_key, ordr_idxx):
        body = json.dumps({"reg_cert_key": reg_cert_key, "ordr_idxx": ordr_idxx})
        answer = self.post("/api/query/getCertData.do", body)
        if answer["res_cd"] == "0000":
            answer["decrypted"] = json.loads(self.cipher.decrypt(answer["enc_cert_data"], answer["rv"]))
        return answer


class Forms(html.parser.HTMLParser):
    """Every form of a page: where it goes, and what its fields and buttons say."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.forms = []
        self.by_id = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        it = dict(attributes)
        if tag == "form":
            self.forms.append({"action": it["action"], "method": it.get("method", "get"), "fields": {}, "names": set(), "buttons": []})
            if "id" in it:
                self.by_id[it["id"]] = self.forms[-1]
        elif tag == "input" and self.forms and "name" in it:
            self.forms[-1]["names"].add(it["name"])
            if it.get("type") not in ("checkbox", "radio") or "checked" in it:
                self.forms[-1]["fields"][it["name"]] = it.get("value", "")
        elif tag == "button" and self.forms and "name" in it:
            self.forms[-1]["buttons"].append((it["name"], it.get("value", "")))


class Browser:
    """Posts forms and follows redirects, and notes every page."""

    def __init__(self):
        self.trail = []
        self.address = None
        self.page = ""

    def request(self, method, address, fields=None):
        data = urllib.parse.urlencode(fields).encode() if method == "POST" else None
        request = urllib.request.Request(address, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, self.address, body = response.status, response.url, response.read()
        except urllib.error.HTTPError as error:
            status, self.address, body = error.code, error.url, error.read()
        self.page = body.decode("utf-8")
        self.trail.append({"status": status, "path": urllib.parse.urlsplit(self.address).path})
        return status

    def forms(self):
        return Forms(self.page).forms

    def form(self, ending):
        for form in self.forms():
            if urllib.parse.urlsplit(form["action"]).path.endswith(ending):
                return form
        raise LookupError(f"no form to {ending} in {self.page}")

    def submit(self, ending, **fields):
        form = self.form(ending)
        unknown = set(fields) - form["names"] - {name for name, _ in form["buttons"]}
        if unknown:
            raise LookupError(f"the form to {ending} has no {unknown}")
        address = urllib.parse.urljoin(self.address, form["action"])
        return self.request("POST", address, {**form["fields"], **fields})


class Phone:
    """The phone in the person's hand: the sandbox's control API."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path):
        request = urllib.request.Request(self.address + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None

    def newest(self, what, number):
        end = time.monotonic() + WAIT_SECONDS
        while True:
            entries = self.ask("GET", f"/sandbox/{what}?phone={number}")
            if entries:
                return entries[0]
            if time.monotonic() > end:
                raise TimeoutError(f"nothing in {what} for {number}")
            time.sleep(0.05)


class Shop:
    """The merchant's own server: what the person's browser is posted back to."""

    def __init__(self):
        posts = self.posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                posts.append(
                    {
                        "path": self.path,
                        "type": self.headers.get("Content-Type"),
                        "fields": dict(urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True)),
                    }
                )
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"back")

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def walk(browser, phone, task):
    """Goes through the window as a person does, up to where the task says `leave`."""
    person = task["person"]
    leave = task.get("leave")

    def cancelled_at(step):
        if leave != step:
            return False
        browser.submit("/cancel")
        return True

    if cancelled_at("operator"):
        return
    browser.submit("/operator", operator=task["operator"])
    if cancelled_at("terms"):
        return
    form = browser.form("/terms")
    browser.submit("/terms", **{name: "Y" for name in form["names"]})
    if cancelled_at("method"):
        return
    browser.submit("/method", method=task["method"])
    if cancelled_at("person"):
        return
    browser.submit("/person", **person)
    if cancelled_at("number") or cancelled_at("pass"):
        return
    number = person["phone"].replace("-", "")
    if task["method"] == "SMS":
        if task.get("stumble"):
            otp = phone.newest("messages", number)["otp"]
            browser.submit("/number", otp="000001" if otp == "000000" else "000000")
            browser.submit("/resend")
        browser.submit("/number", otp=phone.newest("messages", number)["otp"])
    else:
        if task.get("stumble"):
            browser.submit("/pass")
        request = phone.newest("pass-requests", number)
        phone.ask("POST", f"/sandbox/pass-requests/{request['id']}/approve")
        browser.submit("/pass")


def main():
    task = json.load(sys.stdin)
    shop = Shop()
    merchant = Merchant(task["sandbox"], task["site_cd"], task["enc_key"])
    browser = Browser()
    order = "PY" + uuid.uuid4().hex
    registered = merchant.register(
        **{
            "ordr_idxx": order,
            "Ret_URL": shop.address + "/return/secret?a=1&b=%EA%B0%80",
            "param_opt_1": "하나 & 둘",
            "param_opt_2": "",
            "param_opt_3": "3",
            **task.get("registration", {}),
        }
    )
    outcome = {"order": order, "registered": registered, "trail": browser.trail, "posts": shop.posts}
    if registered["res_cd"] == "0000":
        key = registered["reg_cert_key"]
        outcome["before"] = merchant.query(key, order)
        browser.request("POST", registered["call_url"], {"reg_cert_key": key, "kcp_page_submit_yn": "Y"})
        walk(browser, Phone(task["sandbox"]), task)
        outcome["page"] = browser.page
        back = [form for form in browser.forms() if form["action"].startswith(shop.address)]
        if back:
            browser.request("POST", back[0]["action"], back[0]["fields"])
        outcome["after"] = merchant.query(key, order)
        outcome["again"] = merchant.query(key, order)
        browser.request("POST", registered["call_url"], {"reg_cert_key": key, "kcp_page_submit_yn": "Y"})
    json.dump(outcome, sys.stdout, ensure_ascii=False)


main()
