# A table of its own for each node, first with a test table at the server, then without rows
# there: a part of run.sh, by whose functions it works.
sites="north south west" first=supernode-0

say "three tables, each in a folder of its own"
python3 tests/compose/tables.py make "$all" $sites
chown -R $account:$account "$all"
chmod 755 "$all"
in_image anml data describe "$all/sites/north/north.csv" --label ill > "$all/schema.toml" \
    2> /dev/null || fail "anml data describe"
sed -n 's/^name = //p' "$all/schema.toml" | tr '\n' ' '
echo "in schema.toml"
python3 tests/compose/tables.py search "$all" "$all/sites" > /dev/null &&
    fail "the search for cells finds none in the tables"

nodes=
for site in $sites; do nodes=$nodes${nodes:+,}$site=$all/sites/$site/$site.csv; done

# Which tables a container can read, of all the files that it can reach.
seen() { podman exec -i "$(container $1)" python3 - seen < tests/compose/tables.py; }

for kind in tested claims; do
    if [ $kind = tested ]; then test="--test $all/ours.csv" ours=ours; else test='' ours=; fi
    begin $kind --schema "$all/schema.toml" --nodes "$nodes" $test \
        --rounds 2 --strategy anml --name $kind
    # One site's rules are others than those that were handed out.
    sed -i 's/^# largest_norm = .*/largest_norm = 1000.0/' \
        "$work/federation/nodes/west/egress.toml"
    start

    # At once, while there is a container of the run; the others when rows have been read.
    told=$(seen run)
    [ "$told" = "$ours" ] || fail "run sees: $told"
    until [ -e "$work/runs/$kind/anml/rounds.jsonl" ]; do
        [ "$(podman inspect -f '{{.State.Status}}' "$(container run)")" != exited ] || break
        sleep 1
    done
    number=0
    for site in $sites; do
        told=$(seen supernode-$number)
        [ "$told" = $site ] || fail "$site's node sees: $told"
        [ -z "$(podman exec "$(container supernode-$number)" \
            sh -c 'touch /site/table 2> /dev/null && echo written')" ] ||
            fail "$site's node can write to its table"
        podman exec "$(container supernode-$number)" test -e "/tmp/site/$site.csv" ||
            fail "$site's node does not know its table's name"
        number=$((number + 1))
    done
    told=$(seen superlink)
    [ "$told" = "$ours" ] || fail "superlink sees: $told"
    for one in page postgres; do
        told=$(seen $one)
        [ -z "$told" ] || fail "$one sees: $told"
    done
    echo "each node reads its own table and no other, superlink and run read" \
        "${ours:-none}, page and postgres none"
    ended

    say "results"
    in_image python3 - "$work" $kind < tests/compose/tables_results.py || fail "the results"
    said=$(in_image anml verify "runs/$kind" --key federation/ledger.key.pub) ||
        fail "anml verify: $said"
    echo "$said" | sed 1q

    say "the page"
    podman exec -i "$(container page)" python - $kind << 'END' || fail "the page"
import sys
from pathlib import Path
from urllib.request import Request, urlopen
at = f"http://127.0.0.1:8080/{sys.argv[1]}/report.html"
token = Path("/state/page.token").read_text().strip()
page = urlopen(Request(at, headers={"Authorization": f"Bearer {token}"})).read()
assert b"<!DOCTYPE html>" in page, "report"
assert all(site in page for site in (b"north", b"south", b"west")), "sites"
print("report is served, and names the sites")
END

    say "canaries"
    sleep 1  # for what Flower writes behind
    kept=$work/kept
    mkdir "$kept"
    for one in superlink postgres run page supernode-0 supernode-1 supernode-2; do
        podman logs "$(container $one)" > "$kept/$one.log" 2>&1
        # What a container keeps in memory is gone with it.
        [ $one = run ] || podman exec "$(container $one)" \
            tar -C /tmp --exclude=./.s.PGSQL.* -c . > "$kept/$one.tmp.tar"
    done
    podman exec "$(container postgres)" pg_dump -U anml anml > "$kept/postgres.sql"
    # For the volumes themselves, written out.
    podman stop -t 30 "$(container superlink)" "$(container postgres)" > /dev/null 2>&1
    volumes=$(podman volume ls -q --filter "name=${project}_")
    [ "$(echo $volumes | wc -w)" = 3 ] || fail "volumes: $volumes"
    said=$(python3 tests/compose/tables.py search "$all" "$work" \
        $(podman volume inspect -f '{{.Mountpoint}}' $volumes)) || fail "$said"
    echo "$said"
done
