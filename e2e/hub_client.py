"""A client of NHN KCP's hub, written from the protocol alone and in another language: if it completes a verification against the
sandbox, the sandbox speaks KCP and not merely what our own client happens to speak.

Reads one JSON object from standard input and prints one to standard output; `hub.test.mjs` drives it.
Standard library and the `openssl` program only.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

COMM_ID = {
    "SKT": "SKT",
    "KT": "KTF",
    "LGU": "LGT",
    "SKT_MVNO": "SKM",
    "KT_MVNO": "KTM",
    "LGU_MVNO": "LGM",
}
# Whose mobile virtual network operator has to be asked for first.
ASK_WHICH_MVNO = {"KTM", "LGM"}
WAIT_SECONDS = 10


class Refused(Exception):
    """The hub answered something else than 0000."""

    def __init__(self, tx_type, answer):
        super().__init__(f"{tx_type}: {answer}")
        self.tx_type = tx_type
        self.answer = answer


class Hub:
    """The calls of `POST {hub}/gw/hub/v1/cert`."""

    def __init__(self, address, site_cd, certificate, private_key, password, tamper=None):
        self.address = address
        self.site_cd = site_cd
        self.certificate = certificate
        self.private_key = private_key
        self.password = password
        self.tamper = tamper or {}
        self.calls = []

    def sign(self, *fields):
        """RSA PKCS#1 v1.5 with SHA-256 over the fields joined by `^`, in base64."""
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as key:
            key.write(self.private_key)
            key.flush()
            signature = subprocess.run(
                ["openssl", "dgst", "-sha256", "-sign", key.name, "-passin", "env:KEY_PASSWORD"],
                input="^".join(fields).encode("utf-8"),
                env={**os.environ, "KEY_PASSWORD": self.password},
                stdout=subprocess.PIPE,
                check=True,
                timeout=30,
            ).stdout
        return base64.b64encode(signature).decode("ascii")

    def call(self, tx_type, **fields):
        body = {
            "site_cd": self.site_cd,
            "kcp_cert_info": self.certificate.replace("\r", "").replace("\n", ""),
            "pay_method": "CERT:PERSON",
            "tx_type": tx_type,
            "kcp_web_yn": "N",
            "cust_ip": "",
            **fields,
            **self.tamper.get(tx_type, {}),
        }
        request = urllib.request.Request(
            self.address + "/gw/hub/v1/cert",
            data=json.dumps(body, ensure_ascii=False).encode("utf-8"),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.loads(response.read().decode("utf-8"))
        self.calls.append({"tx_type": tx_type, "answer": answer})
        if answer["res_cd"] != "0000":
            raise Refused(tx_type, answer)
        return answer


class Phone:
    """The phone in the person's hand: the sandbox's control API."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path):
        request = urllib.request.Request(self.address + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None

    def newest(self, what, number, per_cert_no):
        end = time.monotonic() + WAIT_SECONDS
        while True:
            for entry in self.ask("GET", f"/sandbox/{what}?phone={number}"):
                if entry["perCertNo"] == per_cert_no:
                    return entry
            if time.monotonic() > end:
                raise TimeoutError(f"nothing in {what} for {number}")
            time.sleep(0.05)

    def otp(self, number, per_cert_no):
        return self.newest("messages", number, per_cert_no)["otp"]

    def approve(self, number, per_cert_no):
        entry = self.newest("pass-requests", number, per_cert_no)
        self.ask("POST", f"/sandbox/pass-requests/{entry['id']}/approve")


def signed_person(hub, person, comm_id):
    """The fields of 2400, 2100 and 2700 about the person, with their signature."""
    signature = hub.sign(
        person["phone_no"], person["birth_day"], person["user_name"], person["local_code"], person["sex_code"]
    )
    return {
        "ordr_idxx": uuid.uuid4().hex,
        "cert_type": "01",
        "phone_no": person["phone_no"],
        "comm_id": comm_id,
        "user_name": person["user_name"],
        "birth_day": person["birth_day"],
        "local_code": person["local_code"],
        "sex_code": person["sex_code"],
        "web_siteid": "",
        "kcp_sign_data": signature,
    }


def which_mvno(hub, tx_type, person, comm_id):
    if comm_id not in ASK_WHICH_MVNO:
        return ""
    return hub.call(tx_type, **signed_person(hub, person, comm_id))["per_cert_no"]


def sms(hub, phone, person, operator, wrong_first):
    comm_id = COMM_ID[operator]
    message = {"cp_sms_msg": "[파이썬] 인증번호 [000000]", "cp_callback": "02-1670-5176"}
    asked = which_mvno(hub, "2400", person, comm_id)
    checked = hub.call(
        "2100", **signed_person(hub, person, comm_id), media_type="MC01", per_cert_no=asked, **message
    )
    per_cert_no = checked["per_cert_no"]
    if checked["sms_snd_yn"] != "Y":
        hub.call("2200", per_cert_no=per_cert_no, comm_id=comm_id, **message)
    otp = phone.otp(person["phone_no"], per_cert_no)

    def confirm(number):
        return hub.call("2300", per_cert_no=per_cert_no, comm_id=comm_id, otp_no=number, adl_agree_yn="Y")

    if wrong_first:
        try:
            confirm("000000" if otp != "000000" else "000001")
        except Refused as refused:
            if refused.answer["res_cd"] != "SB11":
                raise
    return confirm(otp)


def app(hub, phone, person, operator, early_first):
    comm_id = COMM_ID[operator]
    asked = which_mvno(hub, "2700", person, comm_id)
    pushed = hub.call(
        "2500",
        ordr_idxx=uuid.uuid4().hex,
        phone_no=person["phone_no"],
        comm_id=comm_id,
        user_name=person["user_name"],
        media_type="MC02",
        web_siteid="",
        per_cert_no=asked,
        kcp_sign_data=hub.sign(person["phone_no"], person["user_name"]),
    )
    fields = {"per_cert_no": pushed["per_cert_no"], "comm_id": comm_id}
    if comm_id in ("SKT", "SKM"):
        fields["auth_tx_id"] = pushed["auth_tx_id"]
    if early_first:
        try:
            hub.call("2600", **fields)
        except Refused as refused:
            if refused.answer["res_cd"] != "SB21":
                raise
    phone.approve(person["phone_no"], pushed["per_cert_no"])
    return hub.call("2600", **fields)


def main():
    task = json.load(sys.stdin)
    credentials = task["credentials"]
    hub = Hub(
        task["hub"],
        credentials["siteCd"],
        credentials["certificatePem"],
        credentials["privateKeyPem"],
        credentials["privateKeyPassword"],
        task.get("tamper"),
    )
    flow = {"SMS": sms, "APP": app}[task["method"]]
    outcome = {}
    try:
        outcome["verified"] = flow(hub, Phone(task["hub"]), task["person"], task["operator"], task.get("stumble", False))
    except Refused as refused:
        outcome["refused"] = {"tx_type": refused.tx_type, **refused.answer}
    outcome["calls"] = hub.calls
    json.dump(outcome, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
