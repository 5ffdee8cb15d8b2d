#!/bin/sh
# What services print under `run`: passed straight through, or with their names before it, whatever happens to whom.
# timeout: 120
# kernels: debian-6.1

# conf LINE...: the configuration of a case
conf() {
    printf '%s\n' "$@" >/tmp/case
}
launch() {
    background /vrf-launch -c /tmp/case run "$@"
    launcher=$pid
}
said() {
    soon grep -q -e "$1" "$log" || { fail "not said: $1"; shown <"$log"; }
}
pid_of() {
    sed -n "s/^vrf-launch: $1: started, PID //p" "$log" | tail -n 1
}
# the child that is no service
passer() {
    # shellcheck disable=SC2013 # words
    for child in $(cat /proc/"$launcher"/task/"$launcher"/children); do
        grep -q "started, PID $child\$" "$log" || echo "$child"
    done
}

case_ one_service_has_it_straight
conf 'service one' "    exec /busybox/sh -c 'echo here; echo there >&2; exec sleep 1000'"
launch one
said '^here$'
said '^there$'
equal 'its output' "$(readlink /proc/"$(pid_of one)"/fd/1)" "$log"
equal 'nobody in between' "$(passer)" ''

case_ names_stand_before_lines
cat >/tmp/says <<'END_'
#!/busybox/sh
echo one
echo two >&2
printf 'three\n\nfo'
sleep 0.3
printf 'ur\n'
head -c 2500 /dev/zero | tr '\0' x
echo y
printf 'no end'
exec sleep 1000
END_
chmod 755 /tmp/says
conf 'auto a b' 'service a' '    exec /tmp/says' 'service b' '    requires a' "    exec /busybox/sh -c 'echo from b; exec sleep 1000'"
launch
said '^a: no end$'
said '^b: from b$'
equal 'lines' "$(grep '^a: ' "$log" | sed 's/xxxxx*/X/')" 'a: one
a: two
a: three
a: 
a: four
a: X
a: X
a: Xy
a: no end'
equal 'nothing is lost of long ones' "$(grep '^a: x' "$log" | sed 's/^a: //' | tr -d '\n' | wc -c)" 2501
match 'a process in between' "$(passer)" '^[0-9]+$'

case_ files_and_users
rm -f /tmp/said.by.a
conf 'auto a b c' 'service a' "    exec /busybox/sh -c 'echo from a; exec sleep 1000'" '    output /tmp/said.by.a' \
    'service b' "    exec /busybox/sh -c 'echo from b >/proc/self/fd/1; exec sleep 1000'" '    user nobody' 'service c' '    exec /no/such'
launch
said '^b: from b$'
said '^c: vrf-launch: cannot run /no/such: ENOENT'
equal 'what has a file' "$(cat /tmp/said.by.a)" 'from a'
refuse 'is there alone' grep -q 'from a' "$log"

case_ last_words_are_heard
conf 'auto a b' 'service a' "    exec /busybox/sh -c 'trap \"echo bye; exit\" TERM; echo here; while :; do sleep 0.1; done'" \
    'service b' "    exec /busybox/sh -c 'echo over; exit 3'" '    respawn no'
launch
said '^a: here$'
kill "$launcher"
wait "$launcher"
equal 'exit code' $? 3
expect 'of one that is stopped' grep -q '^a: bye$' "$log"
expect 'of one that has ended' grep -q '^b: over$' "$log"

case_ nobody_reads
mkfifo /tmp/unread
exec 9<>/tmp/unread
conf 'auto flood dies ticks' 'service flood' '    exec /busybox/yes' 'service dies' "    exec /busybox/sh -c 'sleep 0.1; exit 1'" \
    'service ticks' "    exec /busybox/sh -c 'while :; do date +%s >/tmp/tick; sleep 0.1; done'"
background /busybox/sh -c 'exec /vrf-launch -c /tmp/case run >/tmp/unread'
launcher=$pid
said 'dies: ended with exit code 1; again in 2 s'
sleep 1
rm /tmp/tick
expect 'others go on' soon test -s /tmp/tick
before=$(cut -d. -f1 /proc/uptime)
kill "$launcher"
wait "$launcher"
took=$(($(cut -d. -f1 /proc/uptime) - before))
expect "it ends at once, not after $took s" test $took -le 8
exec 9>&-

case_ the_reader_goes_away
conf 'auto a b' 'service a' "    exec /busybox/sh -c 'while :; do echo a; sleep 0.1; done'" 'service b' '    exec /busybox/sleep 1000'
background /busybox/sh -c '/vrf-launch -c /tmp/case run 2>&3 | head -n 3 >/dev/null'  3>/tmp/errors
log=/tmp/errors
said 'a: started'
sleep 2
equal 'no service ends by it' "$(grep -c 'a: ' $log)" 1
expect 'it runs' test -d /proc/"$(pid_of a)"

case_ the_reader_of_its_messages_goes_away
cat >/tmp/start <<'END'
#!/busybox/sh
echo $$ >/tmp/pid
exec /vrf-launch -c /tmp/case run 2>&1
END
chmod 755 /tmp/start
conf 'auto a b' 'service a' '    exec /busybox/sleep 1000' \
    'service b' "    exec /busybox/sh -c 'echo >>/tmp/started; exec sleep 1000'"
background /busybox/sh -c '/tmp/start | head -n 2'
said 'b: started, PID'
kill -9 "$(pid_of b)"
twice() { [ "$(wc -l </tmp/started)" = 2 ]; }
expect 'services are looked after' soon twice
expect 'by the same process' test -d /proc/"$(cat /tmp/pid)"

case_ the_one_between_is_killed
conf 'auto a b' 'service a' "    exec /busybox/sh -c 'n=0; while :; do n=\$((n+1)); echo \$n; sleep 0.1; done'" 'service b' '    exec /busybox/sleep 1000'
launch
said '^a: 5$'
kill -9 "$(passer)"
said '^a: 30$'
equal 'one is there again' "$(passer | wc -l)" 1
equal 'few lines are lost' "$(sed -n 's/^a: //p' "$log" | awk 'NR > 1 && $1 > last + 3 { bad = 1 } { last = $1 } END { print bad + 0 }')" 0
expect 'the service is as it was' test -d /proc/"$(pid_of a)"
equal 'started once' "$(grep -c 'a: started' "$log")" 1

case_ the_supervisor_is_killed
conf 'auto a b' 'service a' "    exec /busybox/sh -c 'n=0; while :; do n=\$((n+1)); echo \$n; sleep 0.1; done'" 'service b' '    exec /busybox/sleep 1000'
launch
said '^a: 3$'
a=$(pid_of a) b=$(pid_of b) between=$(passer)
kill -9 "$launcher"
said '^a: 30$'
expect 'the service goes on' test -d /proc/"$a"
kill "$a" "$b"
expect 'and with the services the one between ends' soon sh -c "! test -d /proc/$between"
