// Passkeys: `<form data-passkey="create|get" data-options="id of a JSON script" | data-ask="address"
// data-unsupported="…" data-failed="…" hidden>` with a hidden field `credential`. The browser asks its person; what they
// give is sent with the form. Without this script the form stays hidden, and its page says why.

const decode = { create: "parseCreationOptionsFromJSON", get: "parseRequestOptionsFromJSON" };

function say(form, sentence) {
  let place = form.querySelector("[role=alert]");
  if (!place) {
    place = document.createElement("p");
    place.setAttribute("role", "alert");
    place.className = "errorlist";
    form.prepend(place);
  }
  place.textContent = sentence;
}

async function optionsOf(form) {
  if (!form.dataset.ask) return JSON.parse(document.getElementById(form.dataset.options).textContent).options;
  const answer = await fetch(form.dataset.ask, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.json()).request_options;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const kind = form.dataset.passkey;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return; // given: the form goes out
    event.preventDefault();
    if (!window.PublicKeyCredential?.[decode[kind]]) return say(form, form.dataset.unsupported);
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const options = await optionsOf(form);
      const credential = await navigator.credentials[kind]({
        publicKey: PublicKeyCredential[decode[kind]](options.publicKey),
      });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      say(form, form.dataset.failed); // refused, timed out, or no such passkey: browsers tell no more
      button.disabled = false;
    }
  });
}
