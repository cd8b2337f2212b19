// Reads {name: HTML} from standard input and prints {name: [complaint, …]}: every page by one process.
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // Taste: HTML is as valid with a doctype in capitals, as the formatter of the templates writes it,
    // and a button in a form is of type submit by itself.
    "doctype-style": "off",
    "no-implicit-button-type": "off",
    "no-implicit-input-type": "off",
    // Django writes <label for> around what it labels; both say the same.
    "no-redundant-for": "off",
    // Boxes that are ticked in any number share their name, as radio buttons do.
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "reset", "submit"] }],
    // An id may begin with a digit since HTML5; some of ours are UUIDs.
    "valid-id": ["error", { relaxed: true }],
    // A label may stand on anything that may be named; the rule would have it on controls alone.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
    // A table that scrolls by itself is a region that the keyboard reaches; it is no section of the page's outline.
    "prefer-native-element": ["error", { exclude: ["region"] }],
    // The page of a job that runs asks again by itself, also where no script does.
    "meta-refresh": "off",
    // How much of a title a search engine shows is no question of markup.
    "long-title": "off",
  },
});

let given = "";
for await (const part of process.stdin) given += part;
const found = {};
for (const [name, page] of Object.entries(JSON.parse(given))) {
  const { results } = validator.validateStringSync(page, name);
  const lines = page.split("\n");
  found[name] = results.flatMap(({ messages }) =>
    messages.map(({ ruleId, line, column, message }) => {
      const near = (lines[line - 1] ?? "").slice(Math.max(0, column - 40), column + 60);
      return `${ruleId}: ${message}: …${near}…`;
    }),
  );
}
process.stdout.write(JSON.stringify(found));
