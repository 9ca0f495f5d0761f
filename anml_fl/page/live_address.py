"""What the live page shows, as a part of its address: for links, and for the way back."""

ADDRESS = r"""
// ── What is shown, in the address behind #: strategy, round, contributor ────────────────────

const shownByAddress = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write it: as a step that leads back, or (`replace`) in place of the last one. */
function writeAddress(shown, replace) {
  const known = Object.entries(shown).filter(([, value]) => value !== null);
  const text = known.length ? `#${new URLSearchParams(known)}` : "";
  if (text === location.hash) return;
  history[replace ? "replaceState" : "pushState"](
    null, "", text || location.pathname + location.search,
  );
}
"""
