// The page that checks a bundle in the reader's browser: it takes files, pasted text and, when asked, one bundle from this site, and says
// step by step what ledger/verify.js finds. Everything it needs is loaded with the page, so that it works with the network cut.

import { canonical, check, Refused, STEPS, Unable, utf8 } from "../ledger/verify.js";

const page = document.getElementById("verify");
const words = document.getElementById("words").content;
const ends = page.querySelector("[data-end]");
const inputs = { file: page.querySelector("#file"), text: page.querySelector("#text"), key: page.querySelector("#key") };
let asked = false; // whether somebody asked for this check, or the address of the page did
let run = 0; // only the newest check may write on the page

function say(group, code, values = {}) {
  const found = words.querySelector(`[data-group="${group}"][data-code="${CSS.escape(code)}"]`);
  const text = found ? found.textContent.trim() : code;
  return text.replace(/\{(\w+)\}/g, (place, name) => (Object.hasOwn(values, name) ? String(values[name]) : place));
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const sentences = {
  form: ({ bytes, members }) => say("passed", "form", { bytes: bytes.toLocaleString(), members }),
  key: ({ name, given }) => say("passed", given ? "key-given" : "key", { name }),
  leaf: ({ kind, at, role, name, object }) =>
    say("passed", "leaf", { what: say("kind", kind), at, role: say("role", role), name, object }),
  document: ({ digest }) => (digest ? say("passed", "document", { digest }) : say("passed", "document-none")),
  openings({ values, commits, closed }) {
    if (!commits) return say("passed", "openings-none");
    const found = say("passed", "openings", { opened: values.size, commits });
    return closed.length ? `${found} ${say("end", "closed", { names: closed.join(", ") })}` : found;
  },
  checkpoint: ({ origin, size, root }) => say("passed", "checkpoint", { origin, size, root: hex(root) }),
  inclusion: ({ hashes, index, size }) => say("passed", "inclusion", { hashes, index, size }),
};

function mark(step, state, sentence = "") {
  const item = page.querySelector(`[data-step="${step}"]`);
  item.dataset.state = state;
  item.querySelector("[data-state-word]").textContent = state === "waiting" ? "" : say("end", `step-${state}`);
  // Digests stand apart from the words around them.
  const parts = sentence.split(/([0-9a-f]{64})/).map((part, index) => (index % 2 ? code(part) : part));
  item.querySelector("[data-result]").replaceChildren(...parts);
}

function code(text) {
  const element = document.createElement("code");
  element.textContent = text;
  return element;
}

function end(state, heading, sentence = "") {
  if (state !== "checking") page.classList.add("told");
  ends.dataset.end = state;
  ends.querySelector("h2").textContent = heading;
  ends.querySelector("[data-sentence]").textContent = sentence;
}

// Pretty-printed for reading. What was checked are the bytes, not this.
function shown(value, indent = "") {
  const deeper = `${indent}  `;
  if (value instanceof Map && value.size) {
    return `{\n${[...value].map(([name, one]) => `${deeper}${canonical(name)}: ${shown(one, deeper)}`).join(",\n")}\n${indent}}`;
  }
  if (Array.isArray(value) && value.length) return `[\n${value.map((one) => deeper + shown(one, deeper)).join(",\n")}\n${indent}]`;
  return canonical(value);
}

function reveal(name, text) {
  const part = page.querySelector(`[data-part="${name}"]`);
  part.hidden = !text;
  part.querySelector("pre").textContent = text;
}

function clear(name) {
  page.querySelector("[data-name]").textContent = name;
  STEPS.forEach((step) => mark(step, "waiting"));
  ["document", "openings", "leaf", "note"].forEach((part) => reveal(part, ""));
  end("checking", say("end", "checking"));
}

async function examine(bytes, name) {
  const mine = ++run;
  clear(name);
  const key = inputs.key.value.trim() || null;
  let left = [...STEPS];
  try {
    const facts = await check(bytes, {
      key,
      passed(step, found) {
        if (mine !== run) return;
        left = left.filter((one) => one !== step);
        mark(step, step === "key" && !found.given ? "unchecked" : "passed", sentences[step](found));
      },
    });
    if (mine !== run) return;
    reveal("document", facts.document.value ? shown(facts.document.value) : "");
    reveal("openings", facts.openings.values.size ? shown(facts.openings.values) : "");
    reveal("leaf", facts.leaf.text);
    reveal("note", facts.checkpoint.note);
    // Anyone can sign a file with a key of their own and our name: without the key from elsewhere it never looks verified.
    if (facts.key.given) end("holds", say("end", "holds", { n: STEPS.length }), say("end", "holds-key"));
    else end("consistent", say("end", "consistent"), say("end", "consistent-key"));
  } catch (error) {
    if (mine !== run) return;
    const refused = error instanceof Refused;
    const sentence = refused ? say("refused", error.code, error.values) : say("unable", error instanceof Unable ? error.code : "unexpected");
    left.forEach((step) => mark(step, "skipped"));
    if (error.step) mark(error.step, refused ? "failed" : "unable", sentence);
    end(refused ? "refused" : "unable", say("end", refused ? "refused" : "unable"), sentence);
  }
  if (asked) ends.scrollIntoView({ block: "nearest" });
}

function unable(code, name = "") {
  run += 1;
  clear(name);
  STEPS.forEach((step) => mark(step, "skipped"));
  end("unable", say("end", "unable"), say("unable", code));
}

async function take(files) {
  asked = true;
  if (files.length !== 1) return unable("too-many");
  const [file] = files;
  try {
    await examine(new Uint8Array(await file.arrayBuffer()), file.name);
  } catch {
    unable("not-read", file.name);
  }
}

async function fetched(address, name) {
  end("checking", say("end", "checking"));
  let bytes;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.statusText);
    bytes = new Uint8Array(await answer.arrayBuffer());
  } catch {
    return unable("not-fetched", name);
  }
  await examine(bytes, name);
}

inputs.file.addEventListener("change", () => inputs.file.files.length && take(inputs.file.files));
page.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  asked = true;
  if (inputs.text.value) examine(utf8(inputs.text.value.trimEnd()), say("end", "pasted"));
  else if (inputs.file.files.length) take(inputs.file.files);
  else if (page.dataset.address) fetched(page.dataset.address, page.dataset.named);
  else inputs.file.focus();
});

// A file may be dropped anywhere on the page; without this the browser would leave the page and show the file.
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    page.classList.add("dropping");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget || page.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  page.classList.remove("dropping");
  take(event.dataTransfer.files);
});

page.classList.add("ready");
if (page.dataset.address) fetched(page.dataset.address, page.dataset.named);
