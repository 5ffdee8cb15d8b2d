#!/bin/sh
# Containers over the machine's cgroup tree, with a VRF of the same name: neither side touches the services of the other.
# modules: vrf veth dummy
# timeout: 180
tree=/sys/fs/cgroup
lan_and_net
far yard yard0 10.50.0.1/24 # the container's network
far road road0 10.60.0.1/24 # another one, not of its VRF
expect 'up' /vrf-launch up -c /tmp/conf
cat >/tmp/conf.container <<'END'
auto yard0
iface yard0
    address 10.50.0.2/24
    vrf mgmt
auto road0
iface road0
    address 10.60.0.2/24
auto mgmt
iface mgmt
    vrf-table 10
END

# The programs attached to a cgroup. On kernels before those that this bpftool was made for it shows none that way.
attached() {
    bpftool -j cgroup show "$1" >/tmp/attached
    grep -q id /tmp/attached || bpftool -j cgroup show "$1" effective >/tmp/attached
    jq -c 'map([.attach_type, .id, .name]) | sort' /tmp/attached
}
# The machine's services, which run through the whole scenario.
machine_services() {
    serve tcp4 7001 atguard /vrf-launch mgmt --
    guard=$pid
    serve tcp4 7002 atstrict /vrf-launch --isolation strict mgmt --
    strict=$pid
    for level in guard strict; do
        attached $tree/vrf-launch-$level/vrf/mgmt >/tmp/programs.$level
    done
}
# The machine's services answer, are bound by the same programs, and are the only ones that `show` and `pids` name.
machine_is_untouched() {
    for level in guard strict; do
        equal "$1: programs at $level" "$(attached $tree/vrf-launch-$level/vrf/mgmt)" "$(cat /tmp/programs.$level)"
    done
    equal "$1: the service at guard" "$(ask tcp4 10.20.30.40 7001 ip netns exec lan)" atguard
    equal "$1: the service at strict" "$(ask tcp4 10.20.30.40 7002 ip netns exec lan)" atstrict
    is "$1: show" "$guard $strict" services
    is "$1: pids" "$guard $strict" pids
}
# services WRAPPER...: the PIDs that `show` names, and what is wrong
services() {
    "$@" /vrf-launch show --json mgmt | jq -r '.. | objects | (.services // empty | map(.pid) | sort | .[]), (.faults // empty | .[])' | xargs
}

# pids WRAPPER...: those that `pids` names
pids() {
    "$@" /vrf-launch pids mgmt | awk '{ print $1 }' | sort -n | xargs
}
# is WHAT WANTED FUNCTION...: soon; a server's children end a moment after their answer
is() {
    what=$1 wanted=$2
    shift 2
    soon is_ "$@" || equal "$what" "$("$@")" "$wanted"
}
is_() {
    [ "$("$@")" = "$wanted" ]
}

# container OPTION...: starts one, by $wrapper if that is set; its first process is $one, and what has started it $launcher
container() {
    # shellcheck disable=SC2086 # words
    background ${wrapper:-} /usr/bin/unshare "$@" --fork sleep 1000
    wrapper=''
    launcher=$pid
    soon sleeps "$launcher" || { fail 'the container does not start'; shown <"$log"; }
    one=$last
}
# cards: two cards of it to the far hosts, whose indices differ from those of the machine's
cards() {
    for far in yard road; do
        ip -n $far link del ${far}0 2>/tmp/said
        /busybox/nsenter -t "$one" -n ip link add pad$far type dummy
        ip -n $far link add ${far}0 type veth peer name ${far}0 netns "$one"
        ip -n $far link set ${far}0 up
    done
    ip -n yard addr add 10.50.0.1/24 dev yard0
    ip -n road addr add 10.60.0.1/24 dev road0
}
# sleeps PID: its last descendant, $last, is a sleep
sleeps() {
    child=$1
    while [ -n "$child" ]; do
        last=$child
        child=$(tr -d ' ' <"/proc/$last/task/$last/children")
    done
    grep -q sleep "/proc/$last/comm"
} 2>/tmp/said
# inside COMMAND...: in the container (env: busybox prefers its own applets)
inside() {
    /busybox/nsenter -t "$one" -m -n -p /usr/bin/env "$@"
}
# ends: the container does; unshare waits for it, whatever signal it gets itself
ends() {
    kill -9 "$one"
    wait "$launcher"
}
# process_of COMMAND...: runs it there in the background until it is a sleep, which is $theirs, and $within in the container
process_of() {
    background /busybox/nsenter -t "$one" -m -n -p "$@"
    soon sleeps "$pid" || { fail "it does not run: $*"; shown <"$log"; }
    theirs=$last
    within=$(awk '/NSpid/ { print $NF }' "/proc/$theirs/status")
}
component() {
    readlink "/proc/$one/ns/net" | tr -dc 0-9
}

case_ services_of_the_machine
machine_services
kept=$pids pids='' # they outlive the case
machine_is_untouched 'before'

case_ container_with_namespaces_of_its_own
container -npm --mount-proc
pids='' # it outlives the case
cards
expect 'up' inside /vrf-launch up -c /tmp/conf.container
machine_is_untouched 'after up'
refuse 'the VRFs have different indices' \
    test "$(inside ip -j link show mgmt | jq '.[0].ifindex')" = "$(ip -j link show mgmt | jq '.[0].ifindex')"
for level in bind guard strict; do
    expect "a launch at $level" inside /vrf-launch --isolation $level mgmt -- true
    expect "its path at $level" test -d "$tree/vrf-launch-$level/$(component)-ns/vrf/mgmt"
done
machine_is_untouched 'after launches'
serve tcp4 7003 within /busybox/nsenter -t "$one" -m -n -p /vrf-launch mgmt --
server=$pid
equal 'its own service answers' "$(ask tcp4 10.50.0.2 7003 ip netns exec yard)" within
silent 'it answers by another card' ask tcp4 10.60.0.2 7003 ip netns exec road
silence
serve tcp4 7004 yards ip netns exec yard
serve tcp4 7004 roads ip netns exec road
equal 'a launch reaches its network' "$(inside /vrf-launch mgmt -- sh -c 'echo x | socat -t 2 - TCP4:10.50.0.1:7004,connect-timeout=2')" yards
equal 'a process outside its VRF the other one' "$(inside sh -c 'echo x | socat -t 2 - TCP4:10.60.0.1:7004,connect-timeout=2')" roads
equal 'a launch does not' "$(inside /vrf-launch mgmt -- sh -c 'echo x | socat -t 2 - TCP4:10.60.0.1:7004,connect-timeout=2' 2>/tmp/said)" ''
machine_is_untouched 'beside a service in the container'

case_ commands_name_only_the_own_processes
process_of /vrf-launch mgmt -- sleep 1000
is 'pids inside' "$within" pids inside
is 'show inside' "$within" services inside
equal 'identify inside' "$(inside /vrf-launch identify "$within")" mgmt
equal 'ip vrf identify inside' "$(inside ip vrf identify "$within")" mgmt
match 'ip vrf pids inside' "$(inside ip vrf pids mgmt)" "^ *$within  sleep$"
equal 'identify outside, of the process in the container' "$(/vrf-launch identify "$theirs")" ''
equal 'identify outside, of a process of the machine' "$(/vrf-launch identify "$guard")" mgmt
match 'ip vrf pids outside' "$(ip vrf pids mgmt)" "^ *$guard  "
run inside /vrf-launch check mgmt
equal 'check inside' "$status$err" 0
equal 'its services' "$(echo "$out" | grep 'services of level')" "$(echo "$out" | grep "in /vrf-launch-guard/$(component)-ns/vrf/mgmt")"
equal 'its processes' "$(echo "$out" | grep -c 'process [0-9]')" 1
run /vrf-launch check mgmt
equal 'check outside' "$status$err" 0
refuse 'it names the container' sh -c "echo '$out' | grep -e -ns/"
process_of sleep 1000
run /vrf-launch adopt mgmt "$theirs"
match 'adopt outside' "$status $err" '^100 .*another network namespace'
expect 'adopt inside' inside /vrf-launch adopt mgmt "$within"
match 'its cgroup' "$(cat "/proc/$theirs/cgroup")" "^0::/vrf-launch-guard/$(component)-ns/vrf/mgmt$"
machine_is_untouched 'after adopt'

case_ container_takes_its_vrf_down_and_ends
serve tcp4 7003 within /busybox/nsenter -t "$one" -m -n -p /vrf-launch mgmt --
expect 'down' inside /vrf-launch down -c /tmp/conf.container
machine_is_untouched 'after down'
expect 'up again' inside /vrf-launch up -c /tmp/conf.container
equal 'its service has been repaired' "$(ask tcp4 10.50.0.2 7003 ip netns exec yard)" within
machine_is_untouched 'after up'
expect 'up outside' /vrf-launch up -c /tmp/conf
equal 'and is untouched' "$(ask tcp4 10.50.0.2 7003 ip netns exec yard)" within
ends
machine_is_untouched 'after its end'

# vrf WRAPPER...: makes a VRF mgmt there, of another index than the machine's
vrf() {
    "$@" ip link add pad0 type dummy
    "$@" ip link add mgmt type vrf table 10
    "$@" ip link set mgmt up
}

case_ container_in_a_container
container -npm --mount-proc
outer=$one outer_launcher=$launcher
vrf inside
wrapper="/busybox/nsenter -t $one -m -n -p"
container -npm --mount-proc
vrf inside
run inside /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'the path' "$out$err" "0::/vrf-launch-guard/$(component)-ns/vrf/mgmt"
process_of /vrf-launch mgmt -- sleep 1000
is 'pids of the inner one' "$within" pids inside
one=$outer launcher=$outer_launcher
run inside /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'the path of the outer one' "$out$err" "0::/vrf-launch-guard/$(component)-ns/vrf/mgmt"
is 'pids of the outer one' '' pids inside
machine_is_untouched 'beside both'
ends

case_ user_namespace_without_a_pid_namespace
cat >/tmp/conf.user <<'END'
auto mgmt
iface mgmt
    vrf-table 10
END
mkdir -p /run/vrf-launch # `up` looks for services
cat >/tmp/user <<'END'
ip link add pad0 type dummy
ip link add pad1 type dummy
/vrf-launch up -c /tmp/conf.user && /vrf-launch up -c /tmp/conf.user && ip -j link show mgmt | jq -r '.[0].ifname'
/vrf-launch pids mgmt
/vrf-launch show --json mgmt | jq -c '.vrfs[0].services'
/vrf-launch --isolation bind --bind seccomp mgmt -- echo launched
/vrf-launch down -c /tmp/conf.user
END
run unshare -Urn sh /tmp/user
equal 'as root' "$out$err" 'mgmt
[]
launched'
machine_is_untouched 'as root'
run setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn sh /tmp/user
equal 'as nobody' "$out" 'mgmt
[]
launched'
machine_is_untouched 'as nobody'

case_ named_network_namespaces_of_the_same_name
ip netns add room
vrf ip netns exec room
ip -n room link add pad1 type dummy
background ip netns exec room /vrf-launch mgmt -- sleep 1000
soon sleeps "$pid" || fail 'it does not run'
attached $tree/vrf-launch-guard/room-ns/vrf/mgmt >/tmp/programs.room
container -npm --mount-proc
mkdir /tmp/netns
inside mount --bind /tmp/netns /run/netns
inside ip netns add room
vrf inside ip netns exec room
inside ip -n room link del mgmt
inside ip -n room link add mgmt type vrf table 10
inode=$(inside ip netns exec room readlink /proc/self/ns/net | tr -dc 0-9)
run inside ip netns exec room /vrf-launch mgmt -- sh -c 'cat /proc/self/cgroup; ip vrf identify $$; ip vrf pids mgmt; ip netns exec room ip vrf pids mgmt | wc -l'
match 'the path' "$out$err" "^0::/vrf-launch-guard/$inode-ns/room-ns/vrf/mgmt$"
match 'ip vrf identify' "$out" '^mgmt$'
match 'ip vrf pids' "$out" '^ *[0-9]+  sh$'
equal 'the programs of the machine' "$(attached $tree/vrf-launch-guard/room-ns/vrf/mgmt)" "$(cat /tmp/programs.room)"
match 'its process' "$(ip netns exec room /vrf-launch pids mgmt)" '^ *[0-9]+  sleep$'
machine_is_untouched 'beside named ones'
ip netns del room
ends

case_ container_that_an_older_version_served
# The path had no namespace in it, below the cgroup of the container.
container -npm --mount-proc
cards
expect 'up' inside /vrf-launch up -c /tmp/conf.container
old=$tree/old/vrf-launch-guard/vrf/mgmt
mkdir -p $old
process_of /vrf-launch mgmt -- sleep 1000
for hook in ingress egress sock_create; do
    bpftool cgroup attach $old $hook id "$(attached "$tree$(sed 's/^0:://' "/proc/$theirs/cgroup")" | jq ".[] | select(.[0] | endswith(\"$hook\")) | .[1]")" multi
done
echo "$theirs" >$old/cgroup.procs
attached $old >/tmp/programs.old
expect 'up outside' /vrf-launch up -c /tmp/conf
equal 'its programs are left' "$(attached $old)" "$(cat /tmp/programs.old)"
is 'pids inside' "$within" pids inside
sed '/road0/,/address/d' /tmp/conf.container >/tmp/conf.both
printf 'auto road0\niface road0\n    address 10.60.0.2/24\n    vrf mgmt\n' >>/tmp/conf.both
expect 'up inside, with another member' inside /vrf-launch up -c /tmp/conf.both
refuse 'its programs are for that one' test "$(attached $old)" = "$(cat /tmp/programs.old)"
is 'show inside' "$within" services inside
machine_is_untouched 'beside an old one'
ends

case_ container_with_a_cgroup_namespace
mkdir -p $tree/box
cat >/tmp/box <<'END'
echo $$ >/sys/fs/cgroup/box/cgroup.procs
exec /usr/bin/unshare "$@"
END
cat >/tmp/boxed <<'END'
umount /sys/fs/cgroup # as a mount over it the kernel refuses it
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link add pad0 type dummy
/vrf-launch up -c /tmp/conf.user
readlink /proc/self/ns/net | tr -dc 0-9
echo
/vrf-launch mgmt -- cat /proc/self/cgroup
END
run sh /tmp/box -npmC --mount-proc --fork sh /tmp/boxed
equal 'the path' "$out$err" "${out%%
*}
0::/vrf-launch-guard/${out%%
*}-ns/vrf/mgmt"
expect 'it is below its cgroup' test -d "$tree/box/vrf-launch-guard/${out%%
*}-ns/vrf/mgmt"
machine_is_untouched 'after it'

case_ pid_namespace_with_the_network_of_the_machine
container -pm --mount-proc
run inside /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'the path is that of the machine' "$out$err" '0::/vrf-launch-guard/vrf/mgmt'
expect 'up' inside /vrf-launch up -c /tmp/conf
machine_is_untouched 'after both'
ends

case_ what_a_container_left_is_brought_up_to_date_for_the_next_one
container -npm --mount-proc
first=$(component)
vrf inside
expect 'a launch' inside /vrf-launch --isolation strict mgmt -- true
left=$tree/vrf-launch-strict/$first-ns/vrf/mgmt
attached "$left" >/tmp/programs.left
ends
# The kernel gives the lowest number that is free.
again() {
    container -npm --mount-proc
    [ "$(component)" = "$first" ] && return 0
    ends
    return 1
}
soon again || fail 'no container has that inode'
inside ip link add pad1 type dummy
vrf inside
expect 'a launch' inside /vrf-launch --isolation strict mgmt -- true
refuse 'the VRF has another index' test "$(attached "$left")" = "$(cat /tmp/programs.left)"
equal 'one program at each hook' "$(attached "$left" | jq -c 'map(.[0]) | length')" 7
equal 'of its index' "$(attached "$left" | jq -r '.[] | select(.[0] | endswith("sock_create")) | .[2]')" \
    "vlguar_$(printf %08x "$(inside ip -j link show mgmt | jq '.[0].ifindex')")"
machine_is_untouched 'after the next one'
ends
for pid in $kept; do kill -- "-$pid" 2>/tmp/said; done
