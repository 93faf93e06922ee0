// Keeps the phone's screen current: the server says that something has changed, renders the screen, and this puts what is new
// where it belongs, leaving everything else (and the focus) as it is.
"use strict";

const items = document.getElementById("items");
const numbers = document.getElementById("numbers");
const empty = document.getElementById("empty");
const link = document.getElementById("link");
const notice = document.getElementById("notice");
const field = document.getElementById("number");

const RECONNECT_MS = 3000;
const NOTICE_MS = 4000;

let refreshing = false;
let again = false;
let noticeTimer;

function say(text) {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.hidden = true; }, NOTICE_MS);
}

function showLink(state, text) {
  link.dataset.state = state;
  link.textContent = text;
}

// Makes the children of `list` those of `wanted`, touching only what differs.
function reconcile(list, wanted) {
  const present = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let cursor = list.firstElementChild;
  for (const next of [...wanted.children]) {
    const old = present.get(next.dataset.key);
    present.delete(next.dataset.key);
    if (old && old.dataset.version === next.dataset.version) {
      if (old === cursor) cursor = cursor.nextElementSibling;
      else list.insertBefore(old, cursor);
    } else if (old) {
      const focused = old.contains(document.activeElement);
      if (old === cursor) cursor = cursor.nextElementSibling;
      old.replaceWith(next);
      if (focused) (next.querySelector("article") ?? next).focus();
    } else {
      next.dataset.new = "";
      list.insertBefore(next, cursor);
    }
  }
  for (const gone of present.values()) gone.remove();
}

async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    do {
      again = false;
      const response = await fetch("/phone/screen" + location.search);
      if (!response.ok) continue;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      reconcile(numbers, page.getElementById("numbers"));
      reconcile(items, page.getElementById("items"));
      empty.hidden = items.children.length > 0;
    } while (again);
  } catch {
    showLink("lost", "연결이 끊겼습니다");
  } finally {
    refreshing = false;
  }
}

function listen() {
  const events = new EventSource("/phone/events");
  events.onopen = () => {
    showLink("live", "실시간");
    refresh();
  };
  events.onmessage = refresh;
  events.onerror = () => {
    showLink("lost", "다시 연결하는 중");
    // The browser reconnects by itself, unless the answer was a refusal.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RECONNECT_MS);
  };
}

async function decide(button) {
  // A disabled button loses the focus, and a keyboard user their place.
  button.closest("article").focus();
  for (const choice of button.parentElement.children) choice.disabled = true;
  try {
    const response = await fetch(button.dataset.decide, { method: "POST" });
    if (!response.ok) say((await response.json()).message);
  } catch {
    say("샌드박스에 연결할 수 없습니다.");
  }
  for (const choice of button.parentElement?.children ?? []) choice.disabled = false;
  refresh();
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say("인증번호를 복사했습니다.");
  } catch {
    say("복사할 수 없습니다. 인증번호: " + button.dataset.copy);
  }
}

function choose(phone, shown) {
  history.replaceState(null, "", phone ? "/phone?phone=" + encodeURIComponent(phone) : "/phone");
  field.value = shown;
  field.removeAttribute("aria-invalid");
  document.getElementById("wrong-number").hidden = true;
  // The page scrolls on a small screen, the phone on a large one.
  scrollTo(0, 0);
  document.querySelector(".device").scrollTo(0, 0);
  refresh();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.decide) decide(button);
  if (button?.dataset.copy) copy(button);
  const number = event.target.closest("#numbers a");
  if (number && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    const phone = new URL(number.href).searchParams.get("phone") ?? "";
    choose(phone, phone && number.textContent);
  }
});

document.querySelector(".filter").addEventListener("submit", (event) => {
  const phone = field.value.trim();
  if (phone === "" || /^01[0-9-]{8,14}$/.test(phone)) {
    event.preventDefault();
    choose(phone, phone);
  }
});

// A number that is none shows everything, so the address should say so too.
if (field.hasAttribute("aria-invalid")) history.replaceState(null, "", "/phone");
listen();
