// Checks a bundle (asclaimed-bundle@v1) as ledger/bundle.py and `python -m ledger.verify` do, in the same order and with the same answers.
//
// One file, so that it can be saved and read alone: it needs WebCrypto and nothing else, neither a page nor a network. Its parts follow the
// Python modules of the same names. tests/browser/test_verifying.py holds its answers against the Python ones on thousands of mutants.

// ---- How it ends

// Why something is not what it says. `code` names the sentence on the page that says so, `values` fill its places.

export class Refused extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}

// The browser cannot do a step; nothing is said about the bundle.
export class Unable extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// ---- Canonical JSON

// Canonical JSON, as in ledger/canonical.py: RFC 8785 with integers within ±(2^53 − 1) as its only numbers.
//
// JSON.parse would take the last of two members of one name and say nothing, and lose digits of a large integer, so texts are read here.
// Objects become Maps: no name in a stranger's file can reach a prototype, and no engine puts "10" before "9".


const MAX_INTEGER = BigInt(Number.MAX_SAFE_INTEGER);
const MAX_DEPTH = 64;
const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS = [["true", true], ["false", false], ["null", null]];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export const utf8 = (text) => encoder.encode(text);

// The text of UTF-8 bytes. A byte order mark stays in it, where no JSON text has one.
export function decode(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused("not-utf8");
  }
}

// The value of which `text` is the canonical form; anything but exactly that form is refused.
export function parse(text) {
  const value = new Reader(text).whole();
  if (canonical(value) !== text) throw new Refused("not-canonical");
  return value;
}

// The canonical form of null, booleans, whole numbers, well-formed text, arrays and Maps of them.
export function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new Refused("lone-surrogate");
    return JSON.stringify(value);
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value instanceof Map) {
    // Text is compared by its UTF-16 code units here, which is the order of RFC 8785, section 3.2.3.
    const names = [...value.keys()].sort((a, b) => (a < b ? -1 : 1));
    return `{${names.map((name) => `${canonical(name)}:${canonical(value.get(name))}`).join(",")}}`;
  }
  throw new Refused("not-canonical");
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  whole() {
    const value = this.value(MAX_DEPTH);
    this.match(BLANK);
    if (this.at !== this.text.length) this.fail();
    return value;
  }

  value(depth) {
    this.match(BLANK);
    const next = this.text[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  object(depth) {
    this.enter(depth);
    const members = new Map();
    if (this.take("}")) return members;
    do {
      this.match(BLANK);
      if (this.text[this.at] !== '"') this.fail();
      const name = this.string();
      if (members.has(name)) throw new Refused("repeated-member", { name });
      if (!this.take(":")) this.fail();
      members.set(name, this.value(depth - 1));
    } while (this.take(","));
    if (!this.take("}")) this.fail();
    return members;
  }

  array(depth) {
    this.enter(depth);
    const items = [];
    if (this.take("]")) return items;
    do items.push(this.value(depth - 1));
    while (this.take(","));
    if (!this.take("]")) this.fail();
    return items;
  }

  string() {
    this.at += 1;
    let text = "";
    for (;;) {
      text += this.match(PLAIN)[0];
      const end = this.text[this.at];
      this.at += 1;
      if (end === '"') return text;
      if (end !== "\\") this.fail();
      const escape = this.text[this.at];
      this.at += 1;
      if (escape === "u") {
        const digits = this.text.slice(this.at, this.at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail();
        text += String.fromCharCode(parseInt(digits, 16));
        this.at += 4;
      } else if (Object.hasOwn(ESCAPES, escape ?? "")) {
        text += ESCAPES[escape];
      } else {
        this.fail();
      }
    }
  }

  number() {
    const found = this.match(NUMBER);
    if (!found) this.fail();
    if (found[1] || found[2] || found[0] === "-0") throw new Refused("not-an-integer", { number: found[0].slice(0, 40) });
    if (found[0].length > 17) throw new Refused("integer-too-large");
    const value = BigInt(found[0]);
    if (value > MAX_INTEGER || value < -MAX_INTEGER) throw new Refused("integer-too-large");
    return Number(value);
  }

  enter(depth) {
    if (depth === 0) throw new Refused("too-deep");
    this.at += 1;
  }

  take(character) {
    this.match(BLANK);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  fail() {
    throw new Refused("not-json", { at: this.at });
  }
}

// ---- Digests and signatures

// SHA-256, HMAC-SHA256 and Ed25519 by the browser's own WebCrypto.


const HEX = /^[0-9a-f]{64}$/;

function subtle() {
  // Browsers keep WebCrypto from pages that came over plain HTTP from another machine.
  if (!globalThis.crypto?.subtle) throw new Unable("no-webcrypto");
  return globalThis.crypto.subtle;
}

const sha256 = async (bytes) => new Uint8Array(await subtle().digest("SHA-256", bytes));

async function hmac(key, bytes) {
  const imported = await subtle().importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle().sign("HMAC", imported, bytes));
}

// Whether `signature` is the one of `message` under an Ed25519 public key of 32 bytes. A key that is no point of the curve signs nothing.
async function verifies(publicKey, signature, message) {
  let key;
  try {
    key = await subtle().importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error instanceof Unable) throw error;
    if (error.name === "DataError") return false;
    throw new Unable("no-ed25519");
  }
  return signature.length === 64 && subtle().verify({ name: "Ed25519" }, key, signature, message);
}

const isHex = (text) => typeof text === "string" && HEX.test(text);

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));

// The bytes of standard base64 (RFC 4648, section 4), or null unless it is the one spelling of them, and of `length` bytes if given.
function fromBase64(text, length = null) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  return toBase64(bytes) === text && (length === null || bytes.length === length) ? bytes : null;
}

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

function same(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---- The hash tree

// The hash tree of the log, as in ledger/merkle.py: RFC 6962, section 2.1. Indexes and sizes are BigInt, for they reach 2^63.


const MAX_SIZE = 2n ** 63n - 1n;

const emptyRoot = () => sha256(new Uint8Array());

const leafHash = (bytes) => sha256(joined([0x00], bytes));

const nodeHash = (left, right) => sha256(joined([0x01], left, right));

const bitLength = (number) => (number === 0n ? 0 : number.toString(2).length);
const bitCount = (number) => number.toString(2).replaceAll("0", "").length;

// Refuses unless `hashes` lead from `leaf`, the hash of entry `index`, to the root of the tree of `size` entries. Up to the right edge the
// sibling stands left or right by the bits of the index; along the edge always left.
async function verifyInclusion(leaf, index, size, hashes, root) {
  if (size > MAX_SIZE || index >= size) throw new Refused("no-such-entry", { index, size });
  const inner = bitLength(index ^ (size - 1n));
  const needed = inner + bitCount(index >> BigInt(inner));
  if (hashes.length !== needed) throw new Refused("proof-length", { found: hashes.length, needed, index, size });
  let digest = leaf;
  for (const [step, sibling] of hashes.entries()) {
    const left = step < inner && !((index >> BigInt(step)) & 1n);
    digest = await (left ? nodeHash(digest, sibling) : nodeHash(sibling, digest));
  }
  if (!same(digest, root)) throw new Refused("proof-leads-elsewhere");
}

// ---- Signed notes and checkpoints

// Signed notes and the log's checkpoint, as in ledger/note.py and ledger/checkpoint.py: C2SP signed-note and tlog-checkpoint.


const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const MAX_NOTE = 1_000_000;
const MAX_SIGNATURES = 100;
const DASH = "\u2014 ";
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
// Unicode's spaces as the specification and Python know them: U+FEFF, which \s has in a browser, is none, and U+0085 is one.
const SPACE = /[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;

const validName = (name) => name !== "" && !name.includes("+") && !SPACE.test(name) && name.isWellFormed();

// The field and the curve of Ed25519, -x² + y² = 1 + dx²y².
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

// Whether a public key is of small order, so that anyone can sign with it, or spelled in a second way: as ledger/note.py tells.
function ofSmallOrder(publicKey) {
  const y = BigInt(`0x${toHex(publicKey.toReversed())}`) & (2n ** 255n - 1n);
  return y >= P || (y * (y * y - 1n) * (D * y ** 4n + 2n * y * y - 1n)) % P === 0n;
}

function partition(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, false, ""] : [text.slice(0, at), true, text.slice(at + mark.length)];
}

// {name, type, publicKey, id, text} of a verifier key `<name>+<key id>+<base64 of type ‖ public key>`, refused unless written exactly so.
async function parseKey(text) {
  const [name, , rest] = partition(text, "+");
  const data = fromBase64(partition(rest, "+")[2], 33);
  if (data === null || !validName(name) || ![ED25519, COSIGNATURE].includes(data[0])) throw new Refused("key-malformed");
  const id = (await sha256(joined(utf8(name), [0x0a], data))).slice(0, 4);
  if (`${name}+${toHex(id)}+${toBase64(data)}` !== text) throw new Refused("key-malformed");
  if (ofSmallOrder(data.slice(1))) throw new Refused("key-small-order");
  return { name, type: data[0], publicKey: data.slice(1), id, text };
}

// {origin, size, root} of a checkpoint that `key` signed. Signatures by others are not looked at; a wrong one by `key` rejects the note.
async function openCheckpoint(note, key) {
  if (key.type !== ED25519) throw new Refused("key-type");
  const [text, lines] = split(note);
  let signed = false;
  for (const { name, id, signature } of lines) {
    if (name !== key.name || !same(id, key.id)) continue;
    if (!(await verifies(key.publicKey, signature, utf8(text)))) throw new Refused("signature-wrong", { name });
    signed = true;
  }
  if (!signed) throw new Refused("not-signed");
  const [origin, size, root, end, ...more] = text.split("\n");
  if (end !== "" || more.length) throw new Refused("checkpoint-lines");
  if (!SIZE.test(size)) throw new Refused("checkpoint-size");
  const hash = fromBase64(root, 32);
  if (hash === null) throw new Refused("checkpoint-root");
  if (!validName(origin)) throw new Refused("checkpoint-origin");
  const count = BigInt(size);
  if (count > MAX_SIZE) throw new Refused("checkpoint-size");
  if (count === 0n && !same(hash, await emptyRoot())) throw new Refused("checkpoint-root");
  if (origin !== key.name) throw new Refused("checkpoint-other-log");
  return { origin, size: count, root: hash };
}

function split(note) {
  if (note.length > MAX_NOTE && [...note].length > MAX_NOTE) throw new Refused("note-malformed");
  const blank = note.lastIndexOf("\n\n");
  if (blank < 0) throw new Refused("note-malformed");
  const text = note.slice(0, blank) + "\n";
  const lines = note.slice(blank + 2).split("\n");
  if (CONTROL.test(text) || lines.pop() !== "" || !lines.length || lines.length > MAX_SIGNATURES) throw new Refused("note-malformed");
  return [text, lines.map(signatureLine)];
}

function signatureLine(line) {
  const [name, space, data] = partition(line.slice(DASH.length), " ");
  const bytes = fromBase64(data);
  if (!line.startsWith(DASH) || !space || !validName(name) || bytes === null || bytes.length < 5) throw new Refused("note-malformed");
  return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
}

// ---- Proof files

// Proof files, as in ledger/proof.py: C2SP tlog-proof, without its optional `extra` line, which nothing authenticates.


const HEADER = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;
const INDEX = /^index (0|[1-9][0-9]{0,18})$/;

// {index, hashes, checkpoint} of a proof file; the checkpoint is not yet opened.
function parseProof(text) {
  const blank = text.indexOf("\n\n");
  const checkpoint = blank < 0 ? "" : text.slice(blank + 2);
  if (!checkpoint) throw new Refused("proof-malformed");
  const [header, second, ...lines] = text.slice(0, blank).split("\n");
  const index = INDEX.exec(second ?? "");
  const hashes = lines.map((line) => fromBase64(line, 32));
  if (header !== HEADER || !index || hashes.length > MAX_HASHES || hashes.includes(null)) throw new Refused("proof-malformed");
  return { index: BigInt(index[1]), hashes, checkpoint };
}

// ---- Leaves

// Leaves, as in ledger/leaf.py: canonical JSON with exactly the members of a leaf, each of its form.


const MAX_LEAF = 65_535;
const MEMBERS = ["v", "kind", "object", "at", "actor", "fields", "commits"];
const WORD = "[a-z][a-z0-9_]{0,62}";
const ID = "(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0|[1-9][0-9]{0,18})";
const NAME = new RegExp(`^${WORD}$`);
const KIND = new RegExp(`^${WORD}(?:\\.${WORD}){0,3}$`);
const OBJECT = new RegExp(`^${WORD}/${ID}$`);
const AT = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z$/;
const EDGE = "[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const PSEUDONYM = new RegExp(`^${EDGE}(?:[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{0,98}${EDGE})?$`, "u");

// {kind, object, at, role, name, fields, commits, document} of the leaf that `text` is.
function parseLeaf(text) {
  if (utf8(text).length > MAX_LEAF) throw new Refused("leaf-too-long");
  const value = parse(text);
  if (!hasExactly(value, MEMBERS, ["document"])) throw new Refused("leaf-members");
  const [kind, object, at, actor] = ["kind", "object", "at", "actor"].map((name) => value.get(name));
  const [fields, commits, document] = ["fields", "commits", "document"].map((name) => value.get(name));
  if (!hasExactly(actor, ["role", "name"])) throw new Refused("leaf-actor");
  const [role, name] = [actor.get("role"), actor.get("name")];
  demand(value.get("v") === 2, "leaf-version");
  demand(fits(KIND, kind), "leaf-kind");
  demand(fits(OBJECT, object), "leaf-object");
  demand(isMoment(at), "leaf-time");
  demand(fits(NAME, role) && fits(PSEUDONYM, name), "leaf-actor");
  demand(fields instanceof Map && commits instanceof Map, "leaf-fields");
  demand([...fields.keys(), ...commits.keys()].every((one) => NAME.test(one)), "leaf-fields");
  demand([...commits.values()].every(isHex), "leaf-fields");
  demand(![...fields.keys()].some((one) => commits.has(one)), "leaf-fields");
  demand(!value.has("document") || isHex(document), "leaf-document");
  return { kind, object, at, role, name, fields, commits, document: document ?? null };
}

// Whether key (hexadecimal) and value are the opening of a commitment: HMAC-SHA256 under the key of the value's canonical form.
async function opens(commitment, key, value) {
  return toHex(await hmac(fromHex(key), utf8(canonical(value)))) === commitment;
}

// Whether `value` is an object with all of `required` and none beyond these and `optional`.
function hasExactly(value, required, optional = []) {
  if (!(value instanceof Map) || !required.every((name) => value.has(name))) return false;
  return [...value.keys()].every((name) => required.includes(name) || optional.includes(name));
}

const fits = (pattern, text) => typeof text === "string" && pattern.test(text);

function isMoment(text) {
  const found = typeof text === "string" && AT.exec(text);
  if (!found) return false;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year > 0 && month > 0 && month < 13 && day > 0 && day <= days[month - 1] && hour < 24 && minute < 60 && second < 60;
}

function demand(holds, code) {
  if (!holds) throw new Refused(code);
}

// ---- Bundles

// The steps:
//
//   form        the bytes are canonical JSON with exactly the members of a bundle
//   key         the verifier key in it is one, and is the one it is checked against, if any is given
//   leaf        the entry of the log is well-formed
//   document    the published document is the one whose digest stands in the leaf
//   openings    every opened text is the one committed to in the leaf
//   checkpoint  the size and root of the log are signed by the key
//   inclusion   the proof leads from the leaf to that root


const FORMAT = "asclaimed-bundle@v1";
const MAX_BYTES = 16 * 2 ** 20;
export const STEPS = ["form", "key", "leaf", "document", "openings", "checkpoint", "inclusion"];

// Checks the bytes of a bundle. `key` is a verifier key from elsewhere, or null. `passed(step, facts)` is called after each step.
// Returns all facts by step; throws Refused, or Unable if the browser lacks something, with the `step` it was at.
export async function check(bytes, { key = null, passed = () => {} } = {}) {
  const wanted = key === null ? null : await given(key);
  const facts = {};
  let step = STEPS[0];
  const pass = async (...found) => {
    [facts[step]] = found;
    await passed(step, facts[step]);
    step = STEPS[STEPS.indexOf(step) + 1];
  };
  try {
    const bundle = form(bytes);
    await pass({ bytes: bytes.length, members: bundle.members });

    const own = await parseKey(bundle.key);
    if (wanted !== null && wanted.text !== own.text) throw new Refused("key-other");
    await pass({ ...own, given: wanted !== null });

    const leaf = parseLeaf(bundle.leaf);
    await pass({ ...leaf, text: bundle.leaf });

    await pass({ digest: await documentDigest(bundle.document, leaf), value: bundle.document });

    await pass(await openings(bundle.openings, leaf));

    const proof = parseProof(bundle.proof);
    const checkpoint = await openCheckpoint(proof.checkpoint, own);
    await pass({ ...checkpoint, note: proof.checkpoint });

    const hash = await leafHash(utf8(bundle.leaf));
    await verifyInclusion(hash, proof.index, checkpoint.size, proof.hashes, checkpoint.root);
    await pass({ index: proof.index, size: checkpoint.size, hashes: proof.hashes.length, leafHash: toHex(hash) });
  } catch (error) {
    error.step = step;
    throw error;
  }
  return facts;
}

async function given(text) {
  try {
    return await parseKey(text.trim());
  } catch (error) {
    throw error instanceof Refused ? new Unable("key-given-malformed") : error;
  }
}

function form(bytes) {
  if (bytes.length > MAX_BYTES) throw new Refused("too-large", { limit: MAX_BYTES });
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length; // one newline at the end is let pass
  const value = parse(decode(bytes.subarray(0, end)));
  if (!hasExactly(value, ["format", "leaf", "proof", "key", "openings"], ["document"])) throw new Refused("bundle-members");
  if (value.get("format") !== FORMAT) throw new Refused("bundle-format", { format: FORMAT });
  const [leaf, proof, key, document] = ["leaf", "proof", "key", "document"].map((name) => value.get(name));
  if (![leaf, proof, key].every((one) => typeof one === "string")) throw new Refused("bundle-members");
  if (value.has("document") && !(document instanceof Map)) throw new Refused("bundle-members");
  const opened = value.get("openings");
  if (!(opened instanceof Map)) throw new Refused("bundle-members");
  for (const [name, one] of opened) {
    if (!hasExactly(one, ["key", "value"]) || !isHex(one.get("key"))) throw new Refused("opening-malformed", { name });
  }
  return { leaf, proof, key, document: document ?? null, openings: opened, members: value.size };
}

async function documentDigest(document, leaf) {
  if (document === null) {
    if (leaf.document !== null) throw new Refused("document-missing");
    return null;
  }
  if (leaf.document === null) throw new Refused("document-unknown");
  const digest = toHex(await sha256(utf8(canonical(document))));
  if (digest !== leaf.document) throw new Refused("document-other");
  return digest;
}

async function openings(opened, leaf) {
  for (const [name, one] of opened) {
    if (!leaf.commits.has(name)) throw new Refused("opening-unknown", { name });
    if (!(await opens(leaf.commits.get(name), one.get("key"), one.get("value")))) throw new Refused("opening-other", { name });
  }
  const values = new Map([...opened].map(([name, one]) => [name, one.get("value")]));
  return { values, closed: [...leaf.commits.keys()].filter((name) => !opened.has(name)), commits: leaf.commits.size };
}
