#!/bin/sh
# `run`: services in their VRFs, started in order, started again, stopped; and interfaces that come back.
# kernels: once
# modules: vrf dummy
# timeout: 180
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    gateway 10.20.30.1
    vrf mgmt
END
far lan eth0 10.20.30.1/24 fd20::1/64

# conf LINE...: the file of a case, which begins as above
conf() {
    { cat /tmp/conf; printf '%s\n' "$@"; } >/tmp/case
}
launch() {
    background /vrf-launch -c /tmp/case run "$@"
    launcher=$pid
}
said() {
    soon grep -q -e "$1" "$log" || { fail "not said: $1"; shown <"$log"; }
}
# sleepers SECONDS: the processes that sleep as long
sleepers() {
    grep -laE "^[^ ]*sleep.$1[^0-9]?$" /proc/[0-9]*/cmdline 2>/tmp/said | sed 's|/proc/||; s|/.*||'
}
count() { [ "$(sleepers "$1" | wc -l)" = "$2" ]; }
pid_of() {
    sed -n "s/^vrf-launch: $1: started, PID //p" "$log" | tail -n 1
}

case_ services_run_in_their_vrf
conf 'auto sleeper other' 'service sleeper' '    vrf mgmt' '    exec /busybox/sleep 1000' \
    'service other' '    exec /busybox/sleep 1001' 'service idle' '    exec /busybox/sleep 1002'
launch
said 'sleeper: started, PID'
said 'other: started, PID'
soon sh -c "grep -q sleep /proc/$(pid_of sleeper)/cmdline" || fail 'it does not run'
equal 'in the VRF' "$(ip vrf identify "$(pid_of sleeper)")" mgmt
equal 'in none' "$(ip vrf identify "$(pid_of other)")" ''
expect 'both run' count '100[0-9]' 2
refuse 'what is not auto is not started' grep idle "$log"
match 'the interface is up' "$(ip -j addr show eth0 | jq -r '.[0].master')" mgmt
kill "$launcher"
wait "$launcher"
said 'sleeper: killed by signal 15'
expect 'nothing is left' count '100[0-9]' 0

case_ words_are_split_and_nothing_is_expanded
cat >/tmp/words <<'END'
#!/busybox/sh
for word; do echo "<$word>"; done
echo "A=$A B=$B $(id -u) $(pwd)"
END
chmod 755 /tmp/words
conf 'service words' "    exec /tmp/words 'a b' \"c \\\"d\\\"\" e\\ f \$HOME * ;" '    env A=1 "B=2  3"' '    env A=4' '    chdir /dev' \
    '    user nobody' '    respawn no' '    output /tmp/words.out' '    vrf mgmt'
touch /tmp/words.out
chmod 666 /tmp/words.out
run /vrf-launch -c /tmp/case run words
equal 'exit code' "$status" 0
equal 'what it finds' "$(cat /tmp/words.out)" '<a b>
<c "d">
<e f>
<$HOME>
<*>
<;>
A=4 B=2  3 65534 /dev'

case_ exit_code_of_one_service_is_passed_on
for code in 0 1 42 100 125; do
    conf 'service one' "    exec /busybox/sh -c 'exit $code'" '    respawn no'
    run /vrf-launch -c /tmp/case run one
    equal 'its own' "$status" $code
done
conf 'service one' '    exec /busybox/sh -c "kill -USR1 $$"' '    respawn no'
run /vrf-launch -c /tmp/case run one
equal 'a signal' "$status" 138
conf 'service one' '    exec /no/such/program' '    respawn no'
run /vrf-launch -c /tmp/case run one
equal 'not there' "$status" 127
match 'message' "$err" '/no/such/program: ENOENT'
conf 'service one' '    exec /busybox/true' '    vrf nowhere' '    respawn no'
run /vrf-launch -c /tmp/case run one
equal 'no such VRF: not started' "$status" 100

case_ respawn_waits_longer_each_time
conf 'service dies' '    exec /busybox/sh -c "exit 3"'
launch dies
said 'dies: ended with exit code 3; again in 1 s'
said 'dies: ended with exit code 3; again in 2 s'
said 'dies: ended with exit code 3; again in 4 s'
kill "$launcher"
expect 'TERM ends it while nothing runs' soon sh -c "! kill -0 $launcher"

case_ respawn_is_as_asked
conf 'service fine' '    exec /busybox/true' '    respawn on-failure'
run /vrf-launch -c /tmp/case run fine
equal 'on-failure, and it went well' "$status$(echo "$err" | grep -c again)" 00
conf 'service bad' '    exec /busybox/false' '    respawn on-failure'
launch bad
said 'bad: ended with exit code 1; again in 1 s'
conf 'service never' '    exec /busybox/sh -c "exit 125"'
run /vrf-launch -c /tmp/case run never
equal 'exit code 125' "$status" 125
conf 'service again' '    exec /busybox/sleep 1003'
launch again
said 'again: started'
kill -9 "$(pid_of again)"
said 'again: killed by signal 9; again in 1 s'
soon sh -c "[ \$(grep -c 'again: started' $log) = 2 ]" || fail 'it is not started again'

case_ a_service_has_what_it_asks_for
echo nameserver 10.20.30.1 >/tmp/resolv.mgmt
touch /etc/resolv.conf
cat >/tmp/shows <<'END'
#!/busybox/sh
head -n 1 /etc/resolv.conf
echo "$LISTEN_FDS $LISTEN_FDNAMES" $((LISTEN_PID - $$))
exec sleep 1008
END
chmod 755 /tmp/shows
conf 'auto shows answers' 'service shows' '    vrf mgmt' '    exec /tmp/shows' '    isolation strict' '    listen tcp:10.20.30.40:8080' \
    '    resolv-conf /tmp/resolv.mgmt' '    output /tmp/shows.out' \
    'service answers' '    vrf mgmt' '    listen tcp:10.20.30.40:8081' '    inetd yes' '    exec /busybox/echo "from $REMOTE_ADDR"' \
    '    output /tmp/answers.out'
launch
expect 'it runs' soon count 1008 1
shown </tmp/shows.out
match 'resolv.conf' "$(cat /tmp/shows.out)" '^nameserver 10.20.30.1$'
match 'a socket' "$(cat /tmp/shows.out)" '^1 [^ ]+ 0$'
equal 'strict: no CAP_NET_ADMIN' $((0x$(awk '/^CapEff/ { print $2 }' /proc/"$(sleepers 1008)"/status) >> 12 & 1)) 0
equal 'one process for each connection' "$(on lan /usr/bin/socat -t 2 - TCP4:10.20.30.40:8081 </dev/null)" 'from $REMOTE_ADDR'

case_ order_is_that_of_requires
conf 'service last' '    exec /busybox/sleep 1004' '    requires middle eth0' \
    'service first' '    exec /busybox/sh -c "sleep 1; echo >&5; sleep 1005"' '    ready fd 5' \
    'service middle' '    exec /busybox/sleep 1006' '    requires first'
launch last
said 'last: started'
equal 'one behind the other' "$(sed -n 's/^vrf-launch: \(.*: [a-z]*\).*/\1/p' "$log" | tr '\n' ' ')" \
    'first: started first: ready middle: started last: started '
conf 'service a' '    exec /busybox/true' '    requires b' 'service b' '    exec /busybox/true' '    requires a'
run /vrf-launch -c /tmp/case run a
equal 'a cycle' "$status" 100
match 'message' "$err" '^vrf-launch: /tmp/case:[0-9]*: requires "a": a cycle'
conf 'service a' '    exec /busybox/sleep 1' '    requires b' 'service b' '    exec /busybox/false' '    respawn no' '    ready end'
run /vrf-launch -c /tmp/case run a
equal 'exit code' "$status" 1
equal 'what it requires has failed' "$(echo "$err" | sed 's/, PID.*//' | tr '\n' ' ')" \
    'vrf-launch: b: started vrf-launch: b: ended with exit code 1 vrf-launch: a: not started: what it requires has ended '
conf 'service a' '    exec /busybox/true' '    requires b' '    respawn no' \
    'service b' "    exec /busybox/sh -c 'sleep 1; echo done'" '    respawn no' '    ready end'
run /vrf-launch -q -c /tmp/case run a
equal 'exit code' "$status" 0
run /vrf-launch -c /tmp/case run a
equal 'it waits for the end' "$(echo "$err" | sed 's/, PID.*//; s/vrf-launch: //' | tr '\n' ' ')" \
    'b: started b: ended with exit code 0 a: started a: ended with exit code 0 '

case_ signals_are_passed_on
conf 'service traps' "    exec /busybox/sh -c 'trap \"echo hup\" HUP; trap \"echo term; exit 7\" TERM; echo here; while :; do sleep 0.1; done'"
launch traps
said '^here'
kill -HUP "$launcher"
said '^hup'
kill -TERM "$launcher"
wait "$launcher"
equal 'its exit code' $? 7
said '^term'
conf 'service deaf' "    exec /busybox/sh -c 'trap \"\" TERM; echo here; while :; do sleep 0.1; done'"
launch deaf
said '^here'
before=$(date +%s)
kill "$launcher"
wait "$launcher"
equal 'killed' $? 137
took=$(($(date +%s) - before))
expect "after 10 s, not $took" test $took -ge 9 -a $took -le 20

case_ unplugged_interface_comes_back
conf 'service sleeper' '    vrf mgmt' '    exec /busybox/sleep 1007'
launch sleeper
said 'sleeper: started'
state >/tmp/plugged
ip netns del lan
soon sh -c '! ip link show eth0 2>/dev/null' || ip link del eth0
far lan eth0 10.20.30.1/24 fd20::1/64
before=$(cut -d' ' -f1 /proc/uptime)
back() { ip -j addr show eth0 | jq -e '.[0].master == "mgmt" and (.[0].addr_info | length) >= 2' && ip route show table 10 | grep -q default; }
until back >/tmp/said 2>&1 || [ "$(cut -d. -f1 /proc/uptime)" -gt $((${before%.*} + 10)) ]; do sleep 0.05; done
echo "# back after $(echo "$before $(cut -d' ' -f1 /proc/uptime)" | awk '{ print $2 - $1 }') s"
same_state 'it is as before' /tmp/plugged
equal 'nobody is told' "$(grep -c sleeper: "$log")" 1
match 'one line' "$(grep -c 'brought up again' "$log")" '^[1-3]$'
fds() { find /proc/"$launcher"/fd -type l | wc -l; }
files=$(fds)
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ip link add flap type dummy
    ip link del flap
    sleep 0.3
done
equal 'no descriptor is lost' "$(fds)" "$files"

case_ storm_of_kills
{
    cat /tmp/conf
    for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        printf 'auto s%s\nservice s%s\n    vrf mgmt\n    exec /busybox/sleep 2000\n' $n $n
    done
} >/tmp/case
launch
soon count 2000 20 || fail 'not all run'
for _ in 1 2 3; do
    # shellcheck disable=SC2046 # words
    kill -9 $(sleepers 2000)
    sleep 0.3
done
soon count 2000 20 || fail 'not all run again'
echo "# memory of the supervisor of 20 services: $(grep -E '^(VmRSS|RssAnon)' /proc/"$launcher"/status | tr -s '\t \n' ' ')"
expect 'at most 200 KiB of its own' test "$(awk '/^RssAnon/ { print $2 }' /proc/"$launcher"/status)" -le 200
kill "$launcher"
wait "$launcher"
expect 'none is left' count 2000 0

case_ a_process_is_in_the_vrf_from_its_first_instruction
conf 'service traced' '    vrf mgmt' '    exec /busybox/true' '    respawn no'
run strace -f -o /tmp/trace /vrf-launch -c /tmp/case run traced
equal 'exit code' "$status" 0
refuse 'it has not to be moved' grep -q 'cgroup.procs", O_WRONLY' /tmp/trace
expect 'the kernel makes it there' grep -q 'clone3(.*CLONE_INTO_CGROUP' /tmp/trace

case_ the_filter_is_set_once_where_all_services_have_it
# filters WANTED LEVEL...: how many seccomp filters the supervisor has, and each of its services, which have these levels
filters() {
    wanted=$1 found=''
    shift
    {
        cat /tmp/conf
        for level in "$@"; do
            printf 'auto %s\nservice %s\n    vrf mgmt\n    isolation %s\n    exec sleep 1234\n' "$level" "$level" "$level"
        done
    } >/tmp/case
    launch
    soon count 1234 $# || fail "$*: not started"
    for process in "$launcher" $(for level in "$@"; do pid_of "$level"; done); do
        found="$found $(sed -n 's/^Seccomp_filters:[^0-9]*//p' "/proc/$process/status")"
    done
    equal "$*" "$found" " $wanted"
    kill "$launcher"
    wait "$launcher"
}
filters '1 1' guard
filters '1 1 2' guard strict
filters '0 1 0' guard bind
filters '0 0' bind

case_ run_without_services
conf
run /vrf-launch -c /tmp/case run
equal 'exit code' "$status" 100
run /vrf-launch -c /tmp/case run nobody
equal 'of no such service' "$status" 100
match 'message' "$err" 'service "nobody": not in /tmp/case'
