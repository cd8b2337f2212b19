// Two versions: from change to change by keyboard or button, and the switches without a new page.
// Keys work only while the focus is inside the diff, so they take no letter away from anyone. Without this file the same
// is done by the numbered links in the margin and by the addresses of the switches.
const diff = () => document.getElementById("diff");
let at = 0;
let shown = location.search;

const links = () => [...diff().querySelectorAll(".change-link")];

function show(index, { focus = true } = {}) {
  const all = links();
  if (!all.length) return;
  at = Math.max(0, Math.min(index, all.length - 1));
  const link = all[at];
  const number = link.id.slice(1);
  for (const mark of diff().querySelectorAll(".is-current")) mark.classList.remove("is-current");
  for (const mark of diff().querySelectorAll(`[data-change="${number}"]`)) mark.classList.add("is-current");
  if (location.hash !== `#c${number}`) history.replaceState(null, "", `#c${number}`);
  // :target follows only a real walk to the address, so the walk is taken without a new entry in the history.
  location.replace(`#c${number}`);
  if (focus) link.focus({ preventScroll: true });
  const count = document.querySelector(".change-steps output");
  if (count) count.textContent = `${at + 1} / ${all.length}`;
}

function buttons() {
  document.querySelector(".change-steps")?.remove();
  const all = links();
  if (!all.length) return;
  const { previous, next, hint } = diff().dataset;
  const bar = document.createElement("div");
  bar.className = "change-steps";
  const output = document.createElement("output");
  output.textContent = `– / ${all.length}`;
  const button = (label, step) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "second";
    made.textContent = label;
    made.title = hint;
    made.addEventListener("click", () => show(output.textContent.startsWith("–") ? (step > 0 ? 0 : all.length - 1) : at + step, { focus: false }));
    return made;
  };
  bar.append(button(previous, -1), output, button(next, 1));
  document.querySelector(".diff-bar").append(bar);
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest?.("#diff")) return;
  const step = { n: 1, j: 1, p: -1, k: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const started = document.querySelector(".is-current");
  show(started ? at + step : step > 0 ? 0 : links().length - 1);
}

function fromAddress() {
  const index = links().findIndex((link) => `#${link.id}` === location.hash);
  if (index >= 0) show(index, { focus: document.activeElement?.closest?.("#diff") !== null });
}

async function swap(event) {
  const link = event.target.closest?.("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const place = [...document.querySelectorAll("a[data-swap]")].indexOf(link);
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("diff");
    const bar = page.querySelector(".diff-bar");
    if (!fresh || !bar) throw new Error("another page");
    diff().replaceWith(fresh);
    document.querySelector(".diff-bar").replaceWith(bar);
    for (const field of document.querySelectorAll(".compare-form input[type=hidden]")) field.remove();
    for (const field of page.querySelectorAll(".compare-form input[type=hidden]")) document.querySelector(".compare-form").append(field);
    history.pushState(null, "", link.href);
    shown = location.search;
    buttons();
    document.querySelectorAll("a[data-swap]")[place]?.focus();
  } catch {
    location.assign(link.href);
  }
}

document.addEventListener("keydown", keys);
document.addEventListener("click", swap);
addEventListener("hashchange", fromAddress);
addEventListener("popstate", () => { if (location.search !== shown) location.reload(); });
buttons();
fromAddress();
