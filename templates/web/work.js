// Does the sum that the sign-up form asks for while the person types, so that a robot has to do it each time too.
// Where it cannot be done (no JavaScript, no secure connection), the form asks for a little patience instead.
"use strict";
(() => {
  const challenge = document.querySelector("input[name=challenge]");
  const solution = document.querySelector("input[name=solution]");
  if (!challenge || !solution || solution.value || !globalThis.crypto?.subtle) return;

  const TRIES_AT_ONCE = 512;
  const LONGEST_MS = 20000;
  const form = challenge.form;
  const busy = document.getElementById("busy");
  const most = Number(challenge.dataset.most);
  const { salt, nonce, keyPrefix } = JSON.parse(challenge.value).parameters;
  const head = bytesOf(salt + nonce);
  const wanted = bytesOf(keyPrefix);
  let solving = null;
  let isOver = false;

  form.addEventListener("focusin", begin, { once: true });
  form.addEventListener("submit", async (event) => {
    if (isOver) return;
    event.preventDefault();
    busy.textContent = busy.dataset.text;
    const patience = new Promise((resolve) => setTimeout(resolve, LONGEST_MS));
    await Promise.race([begin(), patience]);
    isOver = true;
    form.requestSubmit();
  });

  function begin() {
    solving ??= solve().catch(() => {}).finally(() => (isOver = true));
    return solving;
  }

  async function solve() {
    for (let first = 0; first < most; first += TRIES_AT_ONCE) {
      const keys = await Promise.all(Array.from({ length: TRIES_AT_ONCE }, (_, i) => keyOf(first + i)));
      const at = keys.findIndex((key) => wanted.every((byte, i) => key[i] === byte));
      if (at >= 0) {
        solution.value = JSON.stringify({ counter: first + at, derivedKey: hexOf(keys[at]) });
        return;
      }
    }
  }

  async function keyOf(counter) {
    const text = new Uint8Array(head.length + 4);
    text.set(head);
    new DataView(text.buffer).setUint32(head.length, counter);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  }

  function bytesOf(hex) {
    return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  }

  function hexOf(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
})();
