// Hands a challenge of the server to the browser's authenticator, and the answer back with
// the form. Browsers give passkeys to scripts only (WebAuthn, 5.1).
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const failed = document.getElementById("passkey-failed");
  if (!form) return;
  if (!window.PublicKeyCredential) {
    document.getElementById("passkey-impossible").hidden = false;
    return;
  }

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const options = () => {
    const key = JSON.parse(form.dataset.options).publicKey;
    key.challenge = bytes(key.challenge);
    if (key.user) key.user.id = bytes(key.user.id);
    for (const known of [key.excludeCredentials, key.allowCredentials]) {
      for (const credential of known ?? []) credential.id = bytes(credential.id);
    }
    return { publicKey: key };
  };

  const asJson = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      extensions: credential.getClientExtensionResults(),
    });
  };

  form.querySelector("button").disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const credential = form.dataset.mode === "create"
        ? await navigator.credentials.create(options())
        : await navigator.credentials.get(options());
      form.elements.answer.value = asJson(credential);
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
})();
