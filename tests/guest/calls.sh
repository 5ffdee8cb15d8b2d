#!/bin/sh
# System calls by which somebody outside is made to act, and those that make sockets past socket(2): calls.c. Each is tried outside of
# any VRF first, where it has to work, and then as nobody in a service.
#
#   lan  10.20.30.1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1
# kernels: debian-5.10 debian-6.1 debian-newest
# modules: vrf tipc
# timeout: 150
lan_and_net gateway
/vrf-launch -c /tmp/conf up || fail 'up'
sysctl -qw dev.tty.legacy_tiocsti=1 2>/tmp/said # since 6.2
sysctl -qw net.ipv4.icmp_ratelimit=0

# at LEVEL COMMAND...: what it prints as nobody in a service of that level; `seccomp` is that backend, `outside` no VRF
at() {
    level=$1
    shift
    case $level in
    outside) set -- env "$@" ;;
    seccomp) set -- /vrf-launch --bind seccomp mgmt -- "$@" ;;
    *) set -- /vrf-launch --isolation "$level" mgmt -- "$@" ;;
    esac
    "$@" 2>&1
}
# as_nobody LEVEL COMMAND...
as_nobody() {
    level=$1
    shift
    at "$level" setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
family='Address family not supported by protocol'
none='Function not implemented'
refused='Operation not permitted'
# A kernel that runs programs of 32 bits: any program may make their system calls.
[ "$(calls pair i386 1 2>&1)" = heard ] && i386=yes || echo '# no programs of 32 bits'

case_ only_unix_has_pairs
background calls hears-tipc
heard=$log
soon grep -q serving "$heard"
equal 'TIPC, outside' "$(as_nobody outside calls tells-tipc outside)" sent
for level in guard strict seccomp; do
    equal "TIPC, $level" "$(as_nobody $level calls tells-tipc $level)" "$family"
    for call in socketpair high ${i386:+i386}; do
        equal "$call of TIPC, outside" "$(as_nobody outside calls pair "$call" 30)" heard
        equal "$call of TIPC, $level" "$(as_nobody $level calls pair "$call" 30)" "$family"
    done
    for call in socketpair ${i386:+i386}; do
        equal "$call of Unix, $level" "$(as_nobody $level calls pair "$call" 1)" heard
    done
done
sleep 0.5
equal 'who is outside hears' "$(cat "$heard")" 'serving
outside'

case_ socketcall_makes_no_sockets
if [ "$i386" ]; then
    for family_ in 2 30; do
        equal "socket of $family_, outside" "$(as_nobody outside calls socketcall $family_)" made
        for level in guard strict; do
            equal "socket of $family_, $level" "$(as_nobody $level calls socketcall $family_)" "$none"
        done
    done
    equal 'the supervisor makes those of IPv4' "$(as_nobody seccomp calls socketcall 2)" made
    equal 'and none of TIPC' "$(as_nobody seccomp calls socketcall 30)" "$family"
    equal 'a pair of TIPC, outside' "$(as_nobody outside calls pair socketcall 30)" heard
    for level in guard strict seccomp; do
        equal "a pair, $level" "$(as_nobody $level calls pair socketcall 30)" "$none"
    done
fi

case_ no_key_is_asked_for_outside
cat >/usr/sbin/request-key <<'END'
#!/bin/sh
echo "$1 for user $3" >>/tmp/asked
exit 1
END
chmod 755 /usr/sbin/request-key
: >/tmp/asked
lacks='Required key not available'
for call in request_key ${i386:+i386}; do
    match "$call, outside" "$(as_nobody outside calls key "$call" "calls:outside-$call" text)" 'key'
    for level in guard strict; do
        equal "$call, $level" "$(as_nobody $level calls key "$call" "calls:$level-$call" text)" "$refused"
        equal "$call that only searches, $level" "$(as_nobody $level calls key "$call" "calls:$level-$call")" "$lacks"
    done
done
equal 'who is outside was asked' "$(cat /tmp/asked)" "create for user 65534${i386:+
create for user 65534}"

case_ nobody_types_into_a_terminal
nothing='Operation not permitted
the shell reads nothing'
for call in ioctl high ${i386:+i386}; do
    equal "$call, outside" "$(calls terminal setpriv --reuid 65534 --regid 65534 --clear-groups calls type "$call" 'reboot~')" 'typed
the shell reads reboot'
    for level in guard strict; do
        equal "$call, $level" "$(calls terminal /vrf-launch --isolation "$level" mgmt -- \
            setpriv --reuid 65534 --regid 65534 --clear-groups calls type "$call" 'reboot~')" "$nothing"
    done
done
equal 'of root, guard' "$(calls terminal /vrf-launch mgmt -- calls type ioctl 'reboot~')" "$nothing"
equal 'x32, guard' "$(calls terminal /vrf-launch mgmt -- calls type x32 'reboot~')" "$nothing"
if [ -e /dev/tty1 ]; then
    equal 'a console, outside' "$(at outside calls console)" answered
    equal 'a console, guard' "$(at guard calls console)" "$refused"
else
    echo '# no console'
fi
equal 'other requests, strict' "$(calls terminal /vrf-launch --isolation strict mgmt -- sh -c '[ -t 0 ] && echo a terminal')" 'a terminal
the shell reads nothing'

# quoted CALL LEVEL: what a socket hears there that was freed of the VRF, while net sends it ICMP errors
quoted() {
    as_nobody "$2" calls errors "$1" >/tmp/errors &
    soon grep -q ready /tmp/errors
    on net calls quote 203.0.113.1 203.0.113.40 secret >/tmp/said
    wait $!
    cat /tmp/errors
}
case_ what_icmp_errors_quote_is_not_kept_at_strict
for call in setsockopt high ${i386:+i386}; do
    equal "$call, outside" "$(quoted "$call" outside)" 'set
ready
quoted secret
end'
    equal "$call, strict" "$(quoted "$call" strict)" 'set
ready
end'
done
# Who has a time stamp taken of what it sends finds it in the same queue.
equal 'time stamps, outside' "$(as_nobody outside calls stamps 203.0.113.1)" stamped
for level in guard strict; do
    equal "time stamps, $level" "$(as_nobody $level calls stamps 10.20.30.1)" stamped
done

case_ check_tries_them
run /vrf-launch check mgmt
for way in 'socketpair of TIPC' 'request_key, which' 'TIOCSTI, input'; do
    match "$way" "$out" "^  ok .*$way"
done
