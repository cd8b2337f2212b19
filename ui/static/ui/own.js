/* A public page is the same for everyone. Whoever is signed in gets their own links and waiting messages beside it, in one
   request; a cookie that names nobody says whether to ask. Runs in the head, so that the room is kept before the first paint. */
(() => {
  const { cookie, src } = document.currentScript.dataset;
  const root = document.documentElement;

  function hint() {
    const pairs = document.cookie.split("; ").map((pair) => pair.split("="));
    return pairs.find(([name]) => name === cookie)?.[1];
  }

  async function ask() {
    const answer = await fetch(src, { credentials: "same-origin", redirect: "error" });
    return answer.status === 200 ? document.createRange().createContextualFragment(await answer.text()) : null;
  }

  function show(parts) {
    document.getElementById("own").replaceChildren(...(parts?.querySelectorAll("nav") ?? []));
    document.getElementById("own-messages").replaceChildren(...(parts?.querySelectorAll(".message") ?? []));
    if (!parts) delete root.dataset.signedIn;
  }

  /* So many lines at the most: letters are narrower than that on the average, and a Chinese character counts as two. */
  function keepRoom(messages, letters) {
    const em = parseFloat(getComputedStyle(root).fontSize);
    const line = (Math.min(innerWidth, 74 * em) - (innerWidth > 46 * em ? 3 : 2) * em - 2.2 * em) / (0.55 * em);
    root.style.setProperty("--messages", messages);
    root.style.setProperty("--message-lines", messages - 1 + Math.ceil(letters / line));
  }

  function start() {
    const told = hint();
    if (!told) return Promise.resolve(null);
    const [what, messages, letters] = told.split("-");
    root.dataset.signedIn = what;
    if (letters) keepRoom(Number(messages), Number(letters));
    return ask().catch(() => null);
  }

  const first = start();
  document.addEventListener("DOMContentLoaded", async () => show(await first));
  // A page that comes back from the history may show what was someone's who has signed out since.
  addEventListener("pageshow", async (event) => event.persisted && show(await start()));
})();
