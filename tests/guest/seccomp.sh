#!/bin/sh
# --bind seccomp: without BPF and without a cgroup. What the service makes is what the kernel would have given, and bound.
#
#   far  10.0.0.1 2001:db8::1 ── eth0, a member of mgmt    eth1, of no VRF ── near  10.0.1.1 2001:db8:1::1
# processors: all
# modules: vrf
# kernels: all
# timeout: 240
far far eth0 10.0.0.1/24 2001:db8::1/64
far near eth1 10.0.1.1/24 2001:db8:1::1/64
mkdir -p /etc/network
cat >/etc/network/interfaces <<'EOF'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.0.0.2/24
    address 2001:db8::2/64
    vrf mgmt
auto eth1
iface eth1
    address 10.0.1.2/24
    address 2001:db8:1::2/64
EOF
/vrf-launch up || echo '# up failed'
within='/vrf-launch --bind seccomp mgmt --'
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
# shellcheck disable=SC2086 # words
within() { $within "$@"; }

case_ pid_and_children_are_the_services
run sh -c 'echo $$; exec /vrf-launch --bind seccomp mgmt -- sh -c "echo \$\$; cat /proc/\$\$/task/*/children; true"'
equal 'exit code' "$status" 0
equal 'twice the same PID' "$(echo "$out" | sed -n 1p)" "$(echo "$out" | sed -n 2p)"
equal 'no child but cat' "$(echo "$out" | sed -n 3p | wc -w)" 1
equal 'nothing was said' "$err" ''

case_ sockets_are_bound
run within seccomp many mgmt
equal 'hundreds at once' "$out$err" '0 wrong'
run within seccomp threads mgmt
equal 'of threads' "$out$err" '0 wrong'
run within seccomp forks mgmt
equal 'of children' "$out$err" '0 wrong'
run within seccomp signals mgmt
equal 'while signals arrive' "$out$err" '0 wrong'

case_ it_is_what_the_kernel_gives
modprobe=$(sysctl -n kernel.modprobe)
sysctl -qw kernel.modprobe= # else it is run for each protocol that there is not
seccomp table >/tmp/outside
within seccomp table >/tmp/inside
expect 'there is something' grep -q '^2 1 0 0: fd 3' /tmp/outside
run diff /tmp/outside /tmp/inside
equal 'every kind, with its flags and errors, for root' "$out" ''
$nobody seccomp table >/tmp/outside
# shellcheck disable=SC2086 # words
within $nobody seccomp table >/tmp/inside
run diff /tmp/outside /tmp/inside
equal 'and for nobody' "$out" ''
expect 'who has no raw sockets' grep -q '^2 3 0 1: Operation not permitted' /tmp/inside
sysctl -qw kernel.modprobe="$modprobe"
run within seccomp limit
equal 'no room for a descriptor' "$out" 'Too many open files, user 0'
run within seccomp user
equal 'of a user that the program becomes' "$out" "mgmt, user 65534
Operation not permitted, user 0
Operation not permitted, user 0"

case_ namespaces_give_nothing
sysctl -qw kernel.unprivileged_userns_clone=1 2>/tmp/said
run within seccomp users
equal 'root of a user namespace is nobody' "$(echo "$out" | sed -n 1p)" 'Operation not permitted, user 0'
run within seccomp network
equal 'no socket of the wrong network' "$out" 'Operation not permitted, user 0'

case_ callers_of_a_user_namespace_without_setgroups
# Of PrivateUsers=yes and of an ordinary user's containers: each caller has its own capabilities, and nobody may set groups.
cat >/tmp/callers <<'EOF'
[ -z "$1" ] || { ip link add mgmt type vrf table 10 && ip link set mgmt up; }
exec /vrf-launch -q --isolation bind --bind seccomp mgmt -- sh -c '
    cat /proc/self/setgroups
    seccomp raw
    setpriv --bounding-set=-net_raw --inh-caps=-net_raw seccomp raw
    setpriv --bounding-set=-chown --inh-caps=-chown seccomp raw
    seccomp raw'
EOF
run unshare -Urn sh /tmp/callers own
equal 'with a network of its own' "$status$out$err" '0deny
mgmt, user 0
mgmt, user 0
mgmt, user 0
Operation not permitted, user 0
mgmt, user 0
mgmt, user 0
mgmt, user 0
mgmt, user 0'
run unshare -Ur sh /tmp/callers
# Capabilities over the network are those of the namespace that it belongs to: there are no raw sockets.
equal 'with the network of the machine' "$status$out$err" '0deny
mgmt, user 0
Operation not permitted, user 0
mgmt, user 0
Operation not permitted, user 0
mgmt, user 0
Operation not permitted, user 0
mgmt, user 0
Operation not permitted, user 0'

case_ a_caller_that_the_supervisor_cannot_become
# As ping: setuid, and with capabilities that the service does not have.
cp /usr/bin/seccomp /tmp/setuid
chmod 4755 /tmp/setuid
run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+sys_admin --ambient-caps=+sys_admin \
    /vrf-launch -q --isolation bind --bind seccomp mgmt -- sh -c 'seccomp raw; /tmp/setuid raw; seccomp raw; grep NoNewPrivs /proc/self/status'
equal 'its calls fail, and the others go on' "$status$out$err" '0mgmt, user 65534
Operation not permitted, user 0
Operation not permitted, user 0
Operation not permitted, user 0
mgmt, user 65534
Operation not permitted, user 0
NoNewPrivs:	0'
# shellcheck disable=SC2086 # words
run within sh -c "$nobody /tmp/setuid raw; $nobody seccomp raw"
equal 'a supervisor of root can become each' "$status$out$err" '0mgmt, user 0
mgmt, user 0
mgmt, user 65534
Operation not permitted, user 0'

case_ other_calling_conventions
case $(uname -m) in
x86_64)
    run within seccomp x32
    equal 'x32' "$out" 'Function not implemented'
    run seccomp i386
    if [ "$status" = 0 ]; then
        run within seccomp i386
        equal 'of 32 bits' "$out" "mgmt
mgmt
made
Address family not supported by protocol
EFAULT"
    else
        echo '# this kernel runs no programs of 32 bits'
    fi
    ;;
aarch64)
    run within seccomp-32 families
    equal 'of 32 bits' "$out$err" "mgmt
mgmt
made
Address family not supported by protocol"
    run /vrf-launch mgmt -- seccomp-32 families
    equal 'of 32 bits, at guard' "$out$err" "mgmt
mgmt
made
Address family not supported by protocol"
    run /vrf-launch --isolation strict mgmt -- seccomp-32 users
    match 'of 32 bits, at strict' "$err" 'unshare: Operation not permitted'
    ;;
*) echo '# left out: this processor has one calling convention' ;;
esac

case_ it_reaches_the_vrf_and_nothing_else
for host in far near; do
    for proto in tcp4 tcp6 udp4 udp6; do
        serve $proto 7000 $host-$proto ip netns exec $host
    done
done
for proto in tcp4 udp4; do
    equal "$proto to the VRF" "$(ask $proto 10.0.0.1 7000 within)" far-$proto
    silent "$proto beyond" ask $proto 10.0.1.1 7000 within
    equal "$proto beyond, from outside" "$(ask $proto 10.0.1.1 7000 env)" near-$proto
done
for proto in tcp6 udp6; do
    equal "$proto to the VRF" "$(ask $proto 2001:db8::1 7000 within)" far-$proto
    silent "$proto beyond" ask $proto 2001:db8:1::1 7000 within
    equal "$proto beyond, from outside" "$(ask $proto 2001:db8:1::1 7000 env)" near-$proto
done

case_ it_is_reached_from_the_vrf_and_from_nowhere_else
for proto in tcp4 tcp6 udp4 udp6; do
    # shellcheck disable=SC2086 # words
    serve $proto 8000 within-$proto $within
done
for proto in tcp4 udp4; do
    equal "$proto from the VRF" "$(ask $proto 10.0.0.2 8000 ip netns exec far)" within-$proto
    silent "$proto from elsewhere" ask $proto 10.0.1.2 8000 ip netns exec near
done
for proto in tcp6 udp6; do
    equal "$proto from the VRF" "$(ask $proto 2001:db8::2 8000 ip netns exec far)" within-$proto
    silent "$proto from elsewhere" ask $proto 2001:db8:1::2 8000 ip netns exec near
done

end_
supervisors() {
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/tmp/said)" = vrf-launch ] && echo "${process#/proc/}"
    done
}
none() { [ -z "$(supervisors)" ]; }
some() { [ -n "$(supervisors)" ]; }
case_ the_supervisor_comes_and_goes_with_the_service
soon none || fail "some are left: $(supervisors)"
# shellcheck disable=SC2086 # words
background $within sh -c 'sleep 100 & sleep 100'
soon some
sleep 0.5
one=$(supervisors)
equal 'there is one' "$(echo "$one" | wc -w)" 1
equal 'it holds no descriptor but its own' "$(find "/proc/$one/fd" -type l -exec readlink {} \; | uniq -c | tr -s ' ')" ' 3 anon_inode:seccomp notify'
kill "$one"
kill -INT "$one"
kill "$pid"
sleep 0.5
equal 'it stays while a child of the service does' "$(supervisors)" "$one"
kill -- "-$pid"
soon none || fail 'it has stayed'

case_ without_its_supervisor_it_has_no_network
# waiting: a program that waits for a line on descriptor 5, then makes sockets
waiting() {
    rm -f /tmp/ask
    mkfifo /tmp/ask
    sh -c 'exec /vrf-launch --bind seccomp mgmt -- seccomp wait </tmp/ask >/tmp/answer' &
    waits=$!
    exec 5>/tmp/ask
    soon grep -q ready /tmp/answer
}
go_on() {
    echo >&5
    exec 5>&-
    wait $waits
}
waiting
kill -9 "$(supervisors)"
sleep 0.3
go_on
equal 'closed' "$(sed 1d /tmp/answer)" "Function not implemented, user 0
-, user 0"

case_ a_vrf_made_anew_is_found
waiting
ip link del mgmt
/vrf-launch up
go_on
equal 'bound to the new one' "$(sed -n 2p /tmp/answer)" 'mgmt, user 0'

case_ it_works_without_privileges
cp /vrf-launch /tmp/vrf-launch
run $nobody /tmp/vrf-launch --bind seccomp mgmt -- seccomp many mgmt
equal 'nobody' "$status$out$err" '00 wrong'
run $nobody /tmp/vrf-launch --bind seccomp mgmt -- grep NoNewPrivs /proc/self/status
match 'no_new_privs' "$out" '1$'
run within grep NoNewPrivs /proc/self/status
match 'root needs none' "$out" '0$'
run $nobody /tmp/vrf-launch mgmt -- true
equal 'auto tells nobody' "$status" 111
match 'what to do' "$err" 'bind seccomp'

case_ levels_are_not_pretended
for level in guard strict; do
    run /vrf-launch --bind seccomp --isolation $level mgmt -- echo started
    equal "$level" "$status$out" 111
    match 'says what is missing' "$err" 'CONFIG_CGROUP_BPF'
    run /vrf-launch --bind none --isolation $level mgmt -- echo started
    equal "$level without any" "$status$out" 100
done
run /vrf-launch --bind seccomp --isolation bind mgmt -- echo started
equal 'bind' "$status$out$err" 0started
# shellcheck disable=SC2086 # words
run within $within true
equal 'one in another' "$status" 111
match 'is refused' "$err" 'there can be one only'

case_ auto_falls_back_where_level_bind_is_asked_for_and_says_why
# read_only COMMAND...: without a cgroup tree that can be written
read_only() { unshare -m sh -c 'mount -o remount,bind,ro /sys/fs/cgroup; exec "$@"' sh "$@"; }
# absent COMMAND...: without any, nor the privilege to mount one
absent() {
    unshare -m sh -c 'umount /sys/fs/cgroup; exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"' sh "$@"
}
run read_only /vrf-launch --isolation bind mgmt -- seccomp many mgmt
equal 'a tree that is read-only' "$status$out" '00 wrong'
equal 'in one line' "$err" 'vrf-launch: mgmt: bound by seccomp, level bind; no cgroup can do it: EROFS (read-only file system)'
run read_only /vrf-launch -q --isolation bind mgmt -- seccomp many mgmt
equal 'quiet' "$status$out$err" '00 wrong'
run absent /vrf-launch --isolation bind mgmt -- seccomp many mgmt
equal 'no tree, and none that may be mounted' "$status$out" '00 wrong'
match 'says so' "$err" 'bound by seccomp, level bind; no cgroup can do it: EPERM'
for options in '' '--isolation guard'; do
    # shellcheck disable=SC2086 # words
    run read_only /vrf-launch $options mgmt -- echo started
    equal "not <$options>" "$status$out" 111
    # shellcheck disable=SC2086 # words
    run absent /vrf-launch $options mgmt -- echo started
    equal "without a tree, <$options>" "$status$out" 111
done
run /vrf-launch mgmt -- true
equal 'a cgroup where there can be one' "$status$err" 0

case_ none_leaves_it_to_the_program
run /vrf-launch --bind none mgmt -- seccomp many -
equal 'nothing is bound' "$status$out$err" '00 wrong'
background /vrf-launch --bind none --listen tcp:9000 mgmt -- sleep 100
expect 'but what is opened for it' soon sh -c 'ss -Hltn "sport = 9000" | grep -q "%mgmt:9000"'
background /vrf-launch --bind seccomp --listen tcp:9001 mgmt -- sleep 100
expect 'and by the supervisor' soon sh -c 'ss -Hltn "sport = 9001" | grep -q "%mgmt:9001"'

case_ services_are_bound_so
cat >/etc/vrf-launch.conf <<'EOF'
source /etc/network/interfaces
auto probe
service probe
    vrf mgmt
    exec /usr/bin/seccomp many mgmt
    output /tmp/probe
    respawn no
EOF
run /vrf-launch --bind seccomp run
equal 'by run' "$status$(cat /tmp/probe)" '00 wrong'
