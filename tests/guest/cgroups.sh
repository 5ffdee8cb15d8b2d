#!/bin/sh
# Cgroup trees as they are found: hybrid, absent, in a network namespace, with odd names, with programs of others.
# kernels: once
# processors: all
# modules: vrf
# timeout: 120
tree=/sys/fs/cgroup
ip link add mgmt type vrf table 10
ip link set mgmt up

# Before 5.11 a program counts as locked memory, which `ip vrf exec` does not ask for more of.
ulimit -l unlimited
port=7000
# Where a launch ends, below the cgroup it was made from: what iproute2 takes for VRF mgmt.
own='(/vrf-launch-[a-z]+)?/vrf/mgmt'

# inside WHAT WRAPPER...: what is started so is bound, in both families
inside() {
    what=$1 port=$((port + 1))
    shift
    background "$@" /usr/bin/socat TCP4-LISTEN:$port -
    background "$@" /usr/bin/socat TCP6-LISTEN:$port,ipv6-v6only=1 -
    soon sh -c "[ \$(ss -Hltn 'sport = $port' | grep -c '%mgmt:$port') = 2 ]" || {
        fail "$what: not bound"
        shown <"$log"
    }
}
# /tmp/from CGROUP COMMAND...: runs COMMAND from there
cat >/tmp/from <<'EOF'
#!/bin/sh
mkdir -p "/sys/fs/cgroup$1" && echo $$ >"/sys/fs/cgroup$1/cgroup.procs" || exit
shift
exec "$@"
EOF
chmod +x /tmp/from

# The programs attached to a cgroup. On kernels before those that this bpftool was made for it shows none that way; above are none.
attached() {
    bpftool -j cgroup show "$1" >/tmp/attached
    grep -q id /tmp/attached || bpftool -j cgroup show "$1" effective >/tmp/attached
    cat /tmp/attached
}
# How many programs that bind are attached to a cgroup.
binding() {
    attached "$1" | jq '[.[] | select(.attach_type | test("sock_create"))] | length'
}

case_ path_is_one_that_iproute2_understands
run /vrf-launch mgmt -- cat /proc/self/cgroup
match 'under the root' "$out" "^0::$own$"
run /tmp/from /service /vrf-launch mgmt -- cat /proc/self/cgroup
match 'under the own cgroup' "$out" "^0::/service$own$"
run /tmp/from /service /vrf-launch mgmt -- /vrf-launch mgmt -- cat /proc/self/cgroup
match 'not one in the other' "$out" "^0::/service$own$"
run /tmp/from /service /vrf-launch mgmt -- /vrf-launch default -- cat /proc/self/cgroup
refuse 'and out again' sh -c "echo '$out' | grep mgmt"

case_ cgroup_with_vrf_in_its_name_is_not_mangled
for name in /vrf-agent /vrf-agent/worker /vrf/agent/worker; do
    run /tmp/from $name /vrf-launch mgmt -- cat /proc/self/cgroup
    match "in $name" "$out" "^0::$name$own$"
done
inside 'it works there' /tmp/from /vrf-agent /vrf-launch mgmt --

# A program of somebody else: one of iproute2 for the same VRF, so that it does no harm.
foreign_program() {
    background ip vrf exec mgmt sleep 1000
    soon grep -q sleep "/proc/$pid/comm" || fail 'ip vrf exec does not work'
    foreign=$(attached $tree/vrf/mgmt | jq '.[0].id')
}
# Which programs the kernel runs for the cgroup that a launch from CGROUP ends in.
effective() {
    path=$(/tmp/from "$1" /vrf-launch mgmt -- cat /proc/self/cgroup)
    bpftool -j cgroup show "$tree${path#0::}" effective | jq -r '.[].id'
}

case_ programs_of_others_above_ours_keep_working
foreign_program
mkdir -p $tree/above
expect 'attached' bpftool cgroup attach $tree/above sock_create id "$foreign" multi
inside 'ours works' /tmp/from /above /vrf-launch mgmt --
match 'theirs is run too' "$(effective /above)" "^$foreign$"
match 'it is still there' "$(attached $tree/above)" "\"id\":$foreign,"

case_ programs_of_others_beside_ours_keep_working
foreign_program
path=$(/tmp/from /beside /vrf-launch mgmt -- cat /proc/self/cgroup)
path=$tree${path#0::}
expect 'theirs can be attached where ours is' bpftool cgroup attach "$path" sock_create id "$foreign" multi
inside 'ours works' /tmp/from /beside /vrf-launch mgmt --
match 'theirs is run too' "$(effective /beside)" "^$foreign$"
equal 'both are there' "$(binding "$path")" 2

case_ programs_of_others_that_are_there_first_keep_working
foreign_program
path=$(/tmp/from / /vrf-launch mgmt -- cat /proc/self/cgroup)
mkdir -p "$tree/first${path#0::}"
expect 'attached' bpftool cgroup attach "$tree/first${path#0::}" sock_create id "$foreign" multi
inside 'ours works' /tmp/from /first /vrf-launch mgmt --
match 'theirs is run too' "$(effective /first)" "^$foreign$"

case_ many_launches_leave_one_program
for _ in 1 2 3 4 5 6; do
    /vrf-launch mgmt -- true
done
path=$(/vrf-launch mgmt -- cat /proc/self/cgroup)
equal 'programs' "$(binding "$tree${path#0::}")" 1

case_ launches_at_once_leave_one_program_at_each_hook
for crowd in 1 2 3; do
    launches=''
    for _ in $(seq 20); do
        /tmp/from /crowd$crowd /vrf-launch --isolation strict mgmt -- true &
        launches="$launches $!"
    done
    # shellcheck disable=SC2086 # words
    wait $launches
    counts=$(attached $tree/crowd$crowd/vrf-launch-strict/vrf/mgmt | jq -c 'group_by(.attach_type) | map(length)')
    equal 'socket, setsockopt, sendmsg, two connects, in, out' "$counts" '[1,1,1,1,1,1,1]'
done

case_ a_program_of_ours_that_is_for_another_vrf_is_taken_away
# As after two launches at once, of which one saw the VRF before it was made anew.
ip link add other type vrf table 51
ip link set other up
expect 'a launch' /vrf-launch --isolation strict other -- true
expect 'a launch' /vrf-launch --isolation strict mgmt -- true
mine=$tree/vrf-launch-strict/vrf/mgmt
attached $tree/vrf-launch-strict/vrf/other | jq -r '.[] | "\(.attach_type) \(.id)"' >/tmp/theirs
equal 'programs' "$(wc -l </tmp/theirs)" 7
attached "$mine" | jq -c 'map(.id) | sort' >/tmp/before
while read -r hook id; do
    expect 'attached' bpftool cgroup attach "$mine" "$hook" id "$id" multi
done </tmp/theirs
run /vrf-launch --isolation strict mgmt -- echo started
equal 'it is started' "$out$err" started
equal 'its own are left' "$(attached "$mine" | jq -c 'map(.id) | sort')" "$(cat /tmp/before)"

case_ program_that_binds_elsewhere_stops_the_start
# One above ours runs after it and overrides it: only reading back shows that.
ip link add elsewhere type vrf table 50
ip link set elsewhere up
background ip vrf exec elsewhere sleep 1000
is_attached() { attached "$1" | grep -q id; }
soon is_attached $tree/vrf/elsewhere
mkdir -p $tree/hostile
bpftool cgroup attach $tree/hostile sock_create id "$(attached $tree/vrf/elsewhere | jq '.[0].id')" multi
run /tmp/from /hostile /vrf-launch mgmt -- echo started
equal 'exit code' "$status" 111
equal 'it is not started' "$out" ''
match 'message' "$err" '^vrf-launch: '

case_ inside_a_network_namespace
ip netns add room
on room ip link add mgmt type vrf table 10
on room ip link set mgmt up
run on room /vrf-launch mgmt -- sh -c 'echo started; ip vrf identify $$'
equal 'it runs, and ip sees it' "$status$out$err" '0started
mgmt'
background ip netns exec room /vrf-launch mgmt -- /usr/bin/socat TCP4-LISTEN:7100 -
soon sh -c "ip netns exec room ss -Hltn | grep -q %mgmt:7100" || fail 'the socket is not bound'
run on room sh -c 'ip vrf exec mgmt cat /proc/self/cgroup'
theirs=$out
run on room sh -c '/vrf-launch mgmt -- cat /proc/self/cgroup'
match 'the path is one that iproute2 understands' "$out" "^0::(/vrf-launch-[a-z]+)?${theirs#0::}$"
background ip netns exec room ip vrf exec mgmt sleep 1000
theirs=$pid
sleep 1
background ip netns exec room /vrf-launch mgmt -- sleep 1000
sleep 1
for process in $theirs $pid; do
    expect 'ip vrf pids sees both' sh -c "ip netns exec room ip vrf pids mgmt | grep -qw $process"
    expect 'vrf-launch pids sees both' sh -c "ip netns exec room /vrf-launch pids mgmt | grep -qw $process"
done

case_ hybrid_of_cgroup_v1_and_v2
umount $tree
mount -t tmpfs cgroup $tree
mkdir $tree/unified $tree/cpuset
mount -t cgroup2 cgroup2 $tree/unified
mount -t cgroup -o cpuset cgroup $tree/cpuset || mount -t cgroup -o freezer cgroup $tree/cpuset || mount -t cgroup -o none,name=x cgroup $tree/cpuset
inside 'it works' /vrf-launch mgmt --
run /vrf-launch mgmt -- sh -c "grep '^0::' /proc/self/cgroup"
match 'the cgroup' "$out" "^0::$own$"
inside 'ip vrf exec too, beside us' ip vrf exec mgmt
umount $tree/cpuset $tree/unified
umount $tree

case_ no_cgroup2_mounted_at_all
refuse 'there is none' grep cgroup2 /proc/mounts
inside 'it works' /vrf-launch mgmt --
expect 'it was mounted' grep -q cgroup2 /proc/mounts
background /vrf-launch mgmt -- sleep 1000
sleep 1
equal 'ip vrf identify' "$(ip vrf identify "$pid")" mgmt
