"use strict";
// Brings the progress of a migration up to date in place. Without it the page reloads itself.
const PERIOD_MS = 1000;
const place = document.getElementById("progress");

async function update() {
  let response;
  try {
    response = await fetch(place.dataset.from, { credentials: "same-origin" });
  } catch {
    return; // The console is away for a moment: the next call may find it again.
  }
  if (response.redirected || !response.ok) {
    location.reload();
    return;
  }
  place.innerHTML = await response.text();
  if (place.firstElementChild.dataset.state !== place.dataset.state) {
    location.reload();
  }
}

setInterval(update, PERIOD_MS);
