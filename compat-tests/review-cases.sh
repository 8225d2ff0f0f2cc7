#!/bin/bash
# Runs the small inputs of ../shared/review/cases and cases-program and counts those that exit with 0.
# Usage, as root: compat-tests/review-cases.sh BINARY. It uses ports 45100, 45101 and 9464.
B=$(realpath "$1"); R=$(dirname "$(realpath "$0")")/../../shared/review; d=$(mktemp -d)
start() { $B --override log.dirs=$d/$1 --override listeners=PLAINTEXT://127.0.0.1:45100 "${@:2}" > $d/$1.log 2>&1 & p=$!; for i in $(seq 100); do grep -q "started in" $d/$1.log && break; sleep 0.1; done; }
ok=0
for c in $R/cases/*.py; do n=$(basename $c)
 case $n in 02*) start $n --override connections.max.idle.ms=4000;; *) start $n;; esac
 timeout 200 python3 $c 127.0.0.1:45100 > $d/o 2>&1
 rc=$?; kill $p; wait $p 2>/dev/null; echo "$n rc $rc"; [ $rc = 0 ] && ok=$((ok+1)) || tail -5 $d/o; done
echo "cases $ok of $(ls $R/cases/*.py | wc -l)"
ok=0
for c in $R/cases-program/*.py; do timeout 300 python3 $c $B > $d/o 2>&1; rc=$?; echo "$(basename $c) rc $rc"; [ $rc = 0 ] && ok=$((ok+1)) || tail -5 $d/o; done
echo "cases-program $ok of $(ls $R/cases-program/*.py | wc -l)"
rm -rf $d
