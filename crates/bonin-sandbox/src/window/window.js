// What the window can do better with a script than without: going on by itself, counting down, ticking every box at once.
"use strict";

const POLL_MS = 1200;

// Back to the merchant, once: whoever comes back through the history decides for themselves.
const back = document.querySelector("form[data-return]");
const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
if (back && !cameBack) back.submit();

// The seconds that the number is still good for.
const left = document.getElementById("left");
if (left && Number(left.dataset.seconds) > 0) {
  const end = performance.now() + Number(left.dataset.seconds) * 1000;
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds > 0) return;
    clearInterval(timer);
    left.textContent = "시간 초과";
    document.getElementById("over").textContent = "입력 시간이 지났습니다. 인증번호를 다시 받아 주세요.";
  }, 250);
}

// All boxes at once.
const all = document.querySelector("[data-all]");
if (all) {
  const master = all.querySelector("input");
  const boxes = [...document.querySelectorAll(".terms input")];
  const follow = () => { master.checked = boxes.every((box) => box.checked); };
  all.hidden = false;
  master.addEventListener("change", () => boxes.forEach((box) => { box.checked = master.checked; }));
  boxes.forEach((box) => box.addEventListener("change", follow));
  follow();
}

// What the user does in the PASS app.
const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const look = async () => {
    try {
      const response = await fetch(waiting.dataset.poll);
      const state = response.ok ? (await response.json()).state : "gone";
      if (state === "approved") {
        document.getElementById("prove").submit();
        return;
      }
      if (state !== "pending") {
        location.reload();
        return;
      }
    } catch {
      // The next look may succeed.
    }
    setTimeout(look, POLL_MS);
  };
  setTimeout(look, POLL_MS);
}
