"""The live page's sentences: the ledger, the gate, and who is to take part."""

WORDS = r"""
// ── Sentences ───────────────────────────────────────────────────────────────────────────────

/** How far the ledger is, and whether it holds; `lead`: the strategy that pays. */
function ledgerWords(ledger, lead) {
  if (!ledger.entries && ledger.verifies !== false) {
    const by = lead ? ` Payouts follow ${visible(lead, 40)}.` : "";
    return `Ledger: nothing is settled yet.${by}`;
  }
  const holds = {true: "✓ it verifies", false: "✕ it does not verify"}[ledger.verifies]
    ?? "not checked yet";
  const entries = ledger.entries === 1 ? "1 entry" : `${whole(ledger.entries)} entries`;
  const head = ledger.head ? `, head ${visible(ledger.head, 16)}` : "";
  const words = ledger.words ? ` ${visible(ledger.words, 300)}` : "";
  const own = ledger.verifies
    ? " That is this server's word. To check it: anml ledger verify ledger.jsonl --key"
      + " SERVER.pub, with the file from below and the key got in another way; with the run's"
      + " whole folder anml verify." : "";
  return `Ledger: ${entries}${head}; ${holds}.${own}${words}`;
}

function gateWords(gate, round, attackers) {
  const marks = attackers ? "Circles: honest. Diamonds (◆ in the table): attackers."
    : "A circle for each contributor.";
  const about = `${marks} Area: weight. Filled: went into the model; hollow: did not. Point at`
    + " a mark for its numbers, press it for its history.";
  if (!gate) return `${about} No gate decides in this strategy.`;
  const rho = has(round.rho_c)
    ? ` Solid line: how q follows s (rho_c = ${fixed(round.rho_c)}); dotted: as it would at`
      + ` tau_c = ${gate.tau_c}, above which external signals are trusted.`
    : " rho_c is undefined in this round.";
  return `${about} Dashed: tau_h = ${gate.tau_h}; stage 1 fires only if everyone stands to the`
    + ` right of it (min s = ${fixed(round.min_s)}).${rho}`;
}

/** Who is to take part, before a round has told who came. */
function awaited(contributors) {
  if (!contributors.length) return "";
  const names = contributors.slice(0, 20).map((name) => visible(name, 40)).join(", ");
  const more = contributors.length > 20 ? ` and ${whole(contributors.length - 20)} more` : "";
  return `To take part: ${names}${more}.`;
}
"""
