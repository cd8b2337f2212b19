// The filing form on a phone: one step at a time, photos sent ahead one by one, a double click sent once.
// It only enhances: without it the same form goes off in one piece. Photos are kept by the server under the form's key,
// words in this tab only (never the contact or the serial number).
const form = document.querySelector("form.filing");
if (form) {
  const words = form.querySelector("[data-words]").dataset;
  const find = (name) => form.querySelector(`[name="${name}"]`);
  const key = find("idempotency_key").value;

  // --- words, kept in this tab until the form is sent
  const draft = `filing ${location.pathname.replace(/^\/(en|zh)(?=\/)/, "")}`; // found again in the other language
  const secret = new Set(["contact", "teardown-serial", "csrfmiddlewaretoken", "idempotency_key", "photos", "staged", "consent"]);
  const typed = () => [...form.elements].filter((one) => one.name && !secret.has(one.name) && one.type !== "hidden" && one.type !== "file");
  const save = () => {
    const kept = {};
    for (const one of typed()) if (one.type === "radio" ? one.checked : one.value) kept[one.name] = one.value;
    try { sessionStorage.setItem(draft, JSON.stringify(kept)); } catch { /* a full or forbidden store loses nothing that stands on the page */ }
  };
  try {
    const kept = JSON.parse(sessionStorage.getItem(draft) || "{}");
    for (const one of typed()) {
      if (!(one.name in kept)) continue;
      if (one.type === "radio") one.checked = one.value === kept[one.name] || one.checked;
      else if (!one.value || one.tagName === "SELECT") one.value = kept[one.name];
    }
  } catch { /* an unreadable draft is no draft */ }
  form.addEventListener("input", save);

  // --- photos
  const list = form.querySelector("[data-photos]");
  const state = form.querySelector("[data-state]");
  const input = find("photos");
  const limit = Number(form.dataset.limit);
  const token = find("csrfmiddlewaretoken").value;
  const tiles = [];
  let sending = null;
  let wait = 1000;
  let timer = 0;
  let leaving = false;
  let wanted = false;

  const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  const before = () => form.querySelectorAll(".filing-kept input:checked").length;
  const say = (tile, text, failed = false) => {
    tile.row.querySelector("[data-said]").textContent = text;
    tile.row.classList.toggle("failed", failed);
    tile.row.querySelector("[data-again]").hidden = !failed || tile.refused;
  };
  const number = () => tiles.forEach((tile, at) => { tile.row.querySelector("[data-number]").textContent = before() + at + 1; });
  const open = () => tiles.filter((tile) => !tile.id && !tile.refused);

  const draw = async (tile) => {
    try {
      const picture = await createImageBitmap(tile.file, { resizeWidth: 240 });
      const canvas = tile.row.querySelector("canvas");
      canvas.height = Math.round((240 * picture.height) / picture.width);
      canvas.getContext("2d").drawImage(picture, 0, 0, 240, canvas.height);
      picture.close();
    } catch { /* a format that the browser cannot show is taken all the same */ }
  };

  const settle = () => {
    if (open().length) state.textContent = wanted ? words.busy : "";
    else {
      state.textContent = tiles.some((tile) => tile.id) ? words.all : "";
      if (wanted && !leaving) { wanted = false; form.requestSubmit(form.querySelector("[data-send]")); }
    }
  };

  const next = () => {
    if (sending) return;
    const tile = open().find((one) => !one.paused);
    if (!tile) return settle();
    sending = tile;
    const request = new XMLHttpRequest();
    tile.request = request;
    const bar = tile.row.querySelector("progress");
    request.open("POST", form.dataset.stage);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("X-Form-Key", key);
    request.setRequestHeader("X-File-Key", tile.key);
    request.setRequestHeader("X-File-Name", encodeURIComponent(tile.file.name).slice(0, 600));
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = Math.floor((99 * event.loaded) / event.total); });
    const done = () => { sending = null; tile.request = null; };
    const lost = () => {
      done();
      bar.value = 0;
      say(tile, words.lost, true);
      clearTimeout(timer);
      timer = setTimeout(next, wait);
      wait = Math.min(wait * 2, 30000);
      settle();
    };
    request.addEventListener("load", () => {
      if (request.status >= 500 && request.status !== 507) return lost();
      done();
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* said below */ }
      if (request.status < 300 && answer.id) {
        tile.id = answer.id;
        wait = 1000;
        bar.value = 100;
        say(tile, words.kept);
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = "staged";
        field.value = answer.id;
        tile.row.append(field);
      } else {
        tile.paused = true;
        say(tile, answer.error || words.failed, true);
      }
      next();
    });
    request.addEventListener("error", lost);
    request.addEventListener("abort", () => { done(); next(); });
    say(tile, words.sending);
    request.send(tile.file);
  };
  addEventListener("online", () => { clearTimeout(timer); wait = 1000; next(); });

  const add = (file) => {
    const row = form.querySelector("[data-tile]").content.cloneNode(true).querySelector("li");
    const tile = { file, row, key: `${file.size}-${file.lastModified}-${file.name}`.replace(/[^\x21-\x7e]/g, (c) => c.charCodeAt(0).toString(36)).slice(0, 80) };
    if (tiles.some((one) => one.key === tile.key && !one.refused)) return;
    row.querySelector("[data-name]").textContent = file.name;
    row.querySelector("[data-size]").textContent = size(file.size);
    list.append(row);
    tiles.push(tile);
    if (file.size > limit) tile.refused = words.large;
    else if (before() + tiles.filter((one) => !one.refused).length > Number(form.dataset.atMost)) tile.refused = words.many;
    say(tile, tile.refused || words.waiting, Boolean(tile.refused));
    row.querySelector("[data-again]").addEventListener("click", () => { tile.paused = false; clearTimeout(timer); next(); });
    row.querySelector("[data-remove]").addEventListener("click", () => {
      tiles.splice(tiles.indexOf(tile), 1);
      row.remove();
      if (tile.request) tile.request.abort();
      if (tile.id) fetch(form.dataset.discard.replace("00000000-0000-0000-0000-000000000000", tile.id), { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
      list.hidden = !tiles.length;
      number();
      settle();
    });
    draw(tile);
  };
  input.addEventListener("change", () => {
    [...input.files].forEach(add);
    input.value = "";  // they are sent ahead, so the form carries their names and not their bytes
    list.hidden = !tiles.length;
    number();
    next();
  });

  // --- steps
  const steps = [...form.querySelectorAll(".filing-step")];
  const turn = form.querySelector("[data-turn]");
  let now = 0;
  const summary = () => {
    const show = (name, text) => { form.querySelector(`[data-shown="${name}"]`).textContent = text || words.none; };
    show("narrative", find("narrative").value.trim());
    show("photos", String(before() + tiles.filter((tile) => !tile.refused).length || ""));
    show("contact", find("contact").value.trim());
    show("serial", find("teardown-serial").value && form.querySelector('[data-shown="serial"]').dataset.text);
    const measured = [...form.querySelectorAll('[name$="-value"]')].filter((one) => one.value).length;
    const done = [...form.querySelectorAll('[name$="-done"]')].filter((one) => one.value).length;
    show("teardown", [find("teardown-title").value.trim(), done + measured || ""].filter(Boolean).join(" · "));
  };
  const serial = form.querySelector('[data-shown="serial"]');
  serial.dataset.text = serial.textContent.trim();
  const go = (to, focus = true) => {
    now = Math.max(0, Math.min(steps.length - 1, to));
    steps.forEach((step, at) => step.classList.toggle("filing-now", at === now));
    form.querySelector("[data-step]").textContent = now + 1;
    form.querySelector("[data-steps]").textContent = steps.length;
    turn.querySelector("[data-back]").hidden = now === 0;
    turn.querySelector("[data-next]").hidden = now === steps.length - 1;
    if (now === steps.length - 1) summary();
    if (focus) { steps[now].querySelector("h2").focus({ preventScroll: true }); form.scrollIntoView({ block: "start" }); }
  };
  const wrong = (step) => [...step.querySelectorAll("input, select, textarea")].find((one) => !one.checkValidity());
  const onward = () => { const bad = wrong(steps[now]); if (bad) bad.reportValidity(); else go(now + 1); };
  turn.querySelector("[data-next]").addEventListener("click", onward);
  turn.querySelector("[data-back]").addEventListener("click", () => go(now - 1));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox], [type=radio], [type=file])") && now < steps.length - 1) { event.preventDefault(); onward(); }
  });
  form.classList.add("filing-stepped");
  form.noValidate = true;  // each step is checked when it is left; the browser could not show a field of a hidden one
  turn.hidden = false;
  form.querySelector("[data-where]").hidden = false;
  const faulty = steps.findIndex((step) => step.querySelector("[aria-invalid=true], .errorlist"));
  go(Math.max(0, faulty), false);

  // --- handing in, once
  form.addEventListener("submit", (event) => {
    if (leaving) return event.preventDefault();
    const bad = steps.findIndex(wrong);
    if (bad >= 0) { event.preventDefault(); go(bad); wrong(steps[bad]).reportValidity(); return; }
    if (open().length) {
      event.preventDefault();
      wanted = true;
      if (open().every((tile) => tile.paused)) { wanted = false; go(steps.findIndex((step) => step.id === "photos")); }
      state.textContent = words.busy;
      next();
      return;
    }
    leaving = true;
    form.querySelector("[data-send]").setAttribute("aria-disabled", "true");
    form.querySelector("[data-send]").textContent = words.sent;
    try { sessionStorage.removeItem(draft); } catch { /* nothing was kept there */ }
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
