# A data set that all have: a part of run.sh, by whose functions it works.
begin shipped --nodes 3 --rounds 2 --strategy anml --name check
start
ended

# ── What it left ────────────────────────────────────────────────────────────────────────────
say "results"
run=$work/runs/check
in_image python3 - "$run" << 'END' || fail "the results"
import json, pathlib, sys
run = pathlib.Path(sys.argv[1])
summary = json.loads((run / "summary.json").read_text())
rounds = [json.loads(line) for line in (run / "anml" / "rounds.jsonl").read_text().splitlines()]
assert summary["engine"] == "deployment", summary["engine"]
assert [one["round"] for one in rounds] == [1, 2], rounds
for one in rounds:
    people = {person["contributor"]: person["reason"] for person in one["contributors"]}
    assert people == {f"contributor-{i:04d}": None for i in range(3)}, people
    assert one["refused"] == [], one["refused"]
print(f"2 rounds, 3 contributors each, nobody left out; test error"
      f" {summary['strategies']['anml']['test_error']:.4f}")
END
in_image anml ledger verify "$run" || fail "the ledger"
podman exec "$(container postgres)" psql -U anml -d anml -At \
    -c "SELECT 'in PostgreSQL: ' || count(*) || ' entries of the ledger' FROM ledger" ||
    fail "the database"

say "the page"
podman exec -i "$(container page)" python - << 'END' || fail "the page"
import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
at = "http://127.0.0.1:8080/check/"
token = Path("/state/page.token").read_text().strip()
def get(path, shown=token):
    return urlopen(Request(at + path, headers={"Authorization": f"Bearer {shown}"})).read()
def refused(status, path, shown=token):
    try:
        get(path, shown)
    except HTTPError as error:
        assert error.code == status, error.code
    else:
        raise SystemExit(f"{path} is served")
assert b"<!DOCTYPE html>" in get(""), "page"
assert b"plotly" in get("report.html"), "report"
state = json.loads(get("state.json"))
assert (state["state"], state["ledger"]["verifies"]) == ("finished", True), state
assert get("files/ledger.jsonl").count(b"\n") > 2, "ledger"
for secret in ("anml/model.safetensors", "anml/checkpoint.safetensors", "../../.env"):
    refused(404, f"files/{secret}")
refused(401, "state.json", "a" * 43)
print("page, report and ledger are served to who has the token; models and checkpoints never")
END

say "containers"
for one in postgres superlink page supernode-0 supernode-1 supernode-2; do
    name=$(container $one)
    [ "$(podman exec "$name" id -u)" = $account ] || fail "$one does not run as $account"
    podman exec "$name" sh -c 'touch /x 2> /dev/null' && fail "$one can write to its root"
    podman exec "$name" sh -c 'grep -q "^CapEff:[[:space:]]*0*$" /proc/1/status' ||
        fail "$one has capabilities"
    podman exec "$name" sh -c 'grep -q "^NoNewPrivs:[[:space:]]*1" /proc/1/status' ||
        fail "$one may gain privileges"
done
echo "all: account $account, read-only root, no capability, no new privileges"
for key in /state/nodes /state/ca.key /state/ledger.key /run/secrets; do
    podman exec "$(container supernode-0)" test -e $key && fail "a node sees $key"
done
echo "a node sees its own key alone"
in_image python3 /opt/anml/deploy/health.py https://127.0.0.1:1/ 2> /dev/null &&
    fail "the health check is always well"
podman exec "$(container superlink)" \
    python /opt/anml/deploy/health.py https://127.0.0.1:8000/health /state/ca.crt ||
    fail "SuperLink's health check"
podman exec "$(container supernode-0)" \
    python /opt/anml/deploy/health.py http://127.0.0.1:9094/health ||
    fail "SuperNode's health check"
echo "health checks: SuperLink and SuperNode answer"

say "who may give orders"
asking='
import ssl, sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen
address, authority, secret = sys.argv[1:]
shown = {"Authorization": f"Bearer {secret}"} if secret else {}
trusted = ssl.create_default_context(cafile=authority)
try:
    print(urlopen(Request(f"https://{address}/docs", headers=shown), context=trusted).status)
except HTTPError as error:
    print(error.code)
'
port=$(sed -n 's/^ANML_PORT=//p' "$work/.env" | tail -n 1)
ca=$work/federation/ca.crt secret=$(cat "$work/federation/owner.secret")
answers="$(in_image python3 -c "$asking" "127.0.0.1:$port" "$ca" "")
$(in_image python3 -c "$asking" "127.0.0.1:$port" "$ca" "$secret")
$(podman exec "$(container superlink)" python -c "$asking" 127.0.0.1:8000 /state/ca.crt "")"
[ "$(echo $answers)" = "403 200 200" ] || fail "orders: $answers"
echo "at the published port: nobody without the secret; in SuperLink's container: its account"

# ── A run that fails says so ────────────────────────────────────────────────────────────────
say "a run that cannot work: flip_target = 50, digits has ten classes"
sed -i 's/^name = .*/name = "broken"/; s/^\[attacks\]/[attacks]\nflip_target = 50/' \
    "$work/federation/run.toml"
podman start "$(container run)" > /dev/null 2>&1
code=$(timeout 300 podman wait "$(container run)") || fail "it did not end"
podman logs --tail 3 "$(container run)" 2>&1 | shown
echo "run left with $code"
[ "$code" = 1 ] || fail "it must leave with 1"

# Last, so that a busy machine does not hide the rest.
[ $seconds -lt $limit ] || fail "it took $seconds s, more than $limit s (load $load)"
say "held: $seconds s from empty volumes to the run's end (at most $limit s)"
