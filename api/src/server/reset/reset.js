// Sets a password by a link. The secret stands in the fragment, which is not sent with the page's address; it goes to the
// API in a body, once. Addresses are relative, so that the page works below any path.
"use strict";

const part = (id) => document.getElementById(id);
let secret = "";

function begin() {
  secret = location.hash.slice(1);
  if (secret === "") {
    if (part("done").textContent === "" && part("form").hidden) {
      end("This link is not whole. Open it from the mail again, or copy all of it.");
    }
    return;
  }
  // Out of the address bar and the history: whoever comes to this screen later must not find it.
  history.replaceState(null, "", location.pathname);
  part("done").textContent = "";
  part("error").textContent = "";
  part("form").hidden = false;
  part("password").focus();
}

function end(text) {
  part("form").hidden = true;
  part("password").value = "";
  part("done").textContent = text;
  part("done").focus();
}

function failed(text) {
  part("error").textContent = text;
  part("password").setAttribute("aria-invalid", "true");
  part("password").focus();
}

async function set(event) {
  event.preventDefault();
  part("error").textContent = "";
  part("password").removeAttribute("aria-invalid");
  part("set").disabled = true;
  try {
    const answer = await fetch("api/v1/password-links/use", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret, password: part("password").value }),
      credentials: "omit",
    });
    told(answer.status, await answer.json());
  } catch {
    failed("Nothing was changed: the server could not be reached. Try again.");
  } finally {
    part("set").disabled = false;
  }
}

function told(status, body) {
  if (status === 200) {
    end(`The password is set. You can sign in at ${body.organization} as ${body.login} now.`);
  } else if (status === 409) {
    end(`${sentence(body.detail)} You can close this page.`);
  } else if (status === 422 && body.errors && body.errors.length > 0) {
    failed(body.errors.map((error) => sentence(error.detail)).join(" "));
  } else {
    failed(sentence(body.detail || "nothing was changed; try again"));
  }
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

part("form").addEventListener("submit", set);
part("show").addEventListener("change", () => {
  part("password").type = part("show").checked ? "text" : "password";
});
window.addEventListener("hashchange", begin);
begin();
