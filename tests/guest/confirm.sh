#!/bin/sh
# `up --confirm`: what it did is put back, unless it is confirmed in time.
#
#   far  10.20.30.1 ── eth0, by which somebody is logged in
# kernels: once
# modules: vrf
# timeout: 120
far far eth0 10.20.30.1/24
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip link add probe type vrf table 99 # the kernel's own rules come with the first VRF, and stay
ip link del probe
# It cuts off whoever is not in the VRF.
cat >/tmp/conf <<'EOF2'
auto eth0
iface eth0
    address fd20::40/64
    vrf mgmt
auto mgmt
iface mgmt
    vrf-table 10
EOF2
sleep 1
state >/tmp/before
# answers: the server that somebody is logged in to does
answers() {
    [ "$(ask tcp4 10.20.30.40 7000 ip netns exec far 2>/tmp/said)" = here ]
}
waiting() {
    for process_ in /proc/[0-9]*; do
        tr '\0' ' ' <"$process_/cmdline" | grep -q '^/vrf-launch .*--confirm' && echo "${process_#/proc/}"
    done 2>/tmp/said >/tmp/waiting
    [ -s /tmp/waiting ]
}
nobody_waits() {
    ! waiting
}

case_ confirm_without_anything_is_an_error
run /vrf-launch confirm
equal 'exit code' "$status" 100
equal 'message' "$err" 'vrf-launch: nothing waits to be confirmed'
run /vrf-launch --confirm 5 down
equal 'it is for up' "$status" 100
run /vrf-launch --confirm 5 mgmt -- true
equal 'and for nothing else' "$status" 100
run /vrf-launch up --confirm 0
equal 'no time is none' "$status" 100

case_ what_cuts_off_is_put_back
serve tcp4 7000 here
expect 'somebody is connected' answers
run setsid sh -c '/vrf-launch -c /tmp/conf up --confirm 3; echo $? >/tmp/code'
equal 'it comes up' "$(cat /tmp/code)" 0
match 'and says what to do' "$err" '^vrf-launch: all of this is put back in 3 s, unless: vrf-launch confirm$'
refuse 'they are cut off' answers
run /vrf-launch -c /tmp/conf up --confirm=3
equal 'only one may wait' "$status" 100
match 'it is said' "$err" 'another up waits to be confirmed'
sleep 3
expect 'they are back' soon answers
same_state 'all is put back' /tmp/before
match 'the log has it' "$(dmesg | tail -n 5)" 'not confirmed within 3 s'
refuse 'nobody waits' waiting
run /vrf-launch confirm
equal 'too late' "$status" 100

case_ what_is_confirmed_stays
/vrf-launch -c /tmp/conf up --confirm 2 2>/tmp/said
state >/tmp/up
run /vrf-launch confirm
equal 'it is taken' "$status$out$err" 0
run /vrf-launch confirm
equal 'once' "$status" 100
expect 'nobody waits any more' soon nobody_waits
sleep 3
same_state 'it stays' /tmp/up
run /vrf-launch -c /tmp/conf up --confirm 2
equal 'where nothing changes nothing waits' "$status$out$err" 0
sleep 0.5
refuse 'nobody waits' waiting
expect 'down' /vrf-launch -c /tmp/conf down
same_state 'down restores' /tmp/before

case_ a_login_that_ends_does_not_end_it
# The whole session gets SIGHUP, in the midst of it or after.
background sh -c '/vrf-launch -c /tmp/conf up --confirm 2; sleep 60'
sleep 1
kill -HUP -- "-$pid"
kill -TERM -- "-$pid"
sleep 3
same_state 'all is put back' /tmp/before

case_ up_that_is_killed_is_put_back
strace -o /tmp/trace -e inject=sendto,sendmsg:signal=KILL:when=9 /vrf-launch -c /tmp/conf up --confirm 1 2>/tmp/said
grep -q 'killed by SIGKILL' /tmp/trace || fail 'it was not killed'
sleep 3
same_state 'all is put back' /tmp/before

case_ where_the_one_that_waits_is_killed_it_stays
/vrf-launch -c /tmp/conf up --confirm 2 2>/tmp/said
expect 'one waits' waiting
kill -9 "$(head -n 1 /tmp/waiting)"
sleep 3
same_state 'it stays' /tmp/up
run /vrf-launch -c /tmp/conf up
equal 'up changes nothing' "$status$out$err" 0
same_state 'the same state' /tmp/up
run /vrf-launch confirm
equal 'nobody waits' "$status" 100
expect 'down' /vrf-launch -c /tmp/conf down
same_state 'down restores' /tmp/before

case_ only_what_it_changed_is_put_back
expect 'up' /vrf-launch -c /tmp/conf up
sed 's|address fd20::40/64|&\n    address fd20::41/64|' /tmp/conf >/tmp/conf-more
/vrf-launch -c /tmp/conf-more up --confirm 1 2>/tmp/said
expect 'there is more' sh -c 'ip -6 addr show dev eth0 | grep -q fd20::41'
sleep 3
same_state 'what was before it is there' /tmp/up
expect 'down' /vrf-launch -c /tmp/conf down
same_state 'down restores' /tmp/before

case_ what_came_up_beside_a_missing_interface_is_put_back_too
{ cat /tmp/conf && printf 'auto eth7\niface eth7\n    vrf mgmt\n'; } >/tmp/conf-missing
/vrf-launch -c /tmp/conf-missing up --confirm 1 --wait 0 2>/tmp/said
equal 'exit code' $? 111
match 'it has to be confirmed' "$(cat /tmp/said)" 'all of this is put back in 1 s'
expect 'the rest is up' sh -c 'ip -6 addr show dev eth0 master mgmt | grep -q fd20::40'
sleep 3
same_state 'all is put back' /tmp/before

case_ what_was_down_stays_down_under_who_looks_after_services
{ cat /tmp/conf && printf 'auto lab\niface lab\n    vrf-table 20\nauto s\nservice s\n    exec /busybox/sleep 1000\n'; } >/tmp/conf-run
background /vrf-launch -c /tmp/conf-run run
soon grep -q 's: started' "$log" || fail 'no service'
expect 'down' /vrf-launch -c /tmp/conf-run down mgmt lab
/vrf-launch -c /tmp/conf-run up --confirm 1 mgmt lab 2>/tmp/said
expect 'they are up for a while' test -d /sys/class/net/mgmt -a -d /sys/class/net/lab
soon nobody_waits
sleep 0.5 # it looks at interfaces 100 ms after one has changed
refuse 'they are put back' test -d /sys/class/net/mgmt -o -d /sys/class/net/lab
equal 'and noted' "$(cat /run/vrf-launch/net-* | grep ' down$' | sort)" 'lab down
mgmt down'
for _ in 1 2; do
    /vrf-launch -c /tmp/conf-run down --exact mgmt 2>/tmp/said # it is not there
done
equal 'once' "$(cat /run/vrf-launch/net-* | grep -c '^mgmt down$')" 1
kill "$pid"
wait "$pid"
expect 'down' /vrf-launch -c /tmp/conf-run down
same_state 'down restores' /tmp/before
