// The decision on a submission: the reasons of the chosen decision alone, filled in by a press; the button says what it will do.
// Without this file every reason stands there, and its button asks the server to fill it in.
const form = document.querySelector("[data-review]");
const decide = document.getElementById("decide-now");
const boxes = { en: form?.elements.reason_en, "zh-hans": form?.elements.reason_zh_Hans };
const groups = [...document.querySelectorAll("[data-for]")];
const suggested = (lang) => [...document.querySelectorAll(".suggest")].map((one) => one.dataset[lang === "en" ? "en" : "zhHans"]);
const plain = decide?.textContent.trim();

const fill = (button) => {
  for (const [lang, box] of Object.entries(boxes)) {
    const words = button.dataset[lang === "en" ? "en" : "zhHans"];
    const own = box.value.trim();
    if (!own || suggested(lang).includes(own)) box.value = words;
    else if (!own.includes(words)) box.value = `${own}\n${words}`;
  }
};
const chosen = () => form.elements.decision.value;
const show = () => {
  for (const group of groups) group.hidden = group.dataset.for !== chosen();
  document.querySelector(".suggestions").hidden = !chosen();
  decide.textContent = decide.dataset[chosen()] ?? plain;
};

if (form && decide) {
  for (const radio of form.querySelectorAll("[name=decision]")) radio.addEventListener("change", show);
  for (const button of form.querySelectorAll(".suggest")) button.addEventListener("click", (event) => {
    event.preventDefault();
    const radio = document.getElementById(`decision-${button.closest("[data-for]").dataset.for}`);
    radio.checked = true;
    show();
    fill(button);
    decide.focus();
  });
  // A key chooses, and leads to the next thing to do: accepting to the button, the others to their reasons. It never decides.
  form.addEventListener("click", (event) => {
    if (event.detail || !event.target.matches("[name=decision][data-key]")) return; // a hand on the mouse needs no leading
    show();
    const empty = Object.values(boxes).every((box) => !box.value.trim());
    const first = form.querySelector(`[data-for="${event.target.value}"] .suggest`);
    if (event.target.value === "accepted") {
      if (empty) fill(first);
      decide.focus();
    }
  });
  // Enter in a line of text is for the line, not for the decision.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=radio], [type=checkbox])")) event.preventDefault();
  });
  show();
}
