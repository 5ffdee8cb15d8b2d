#!/bin/sh
# How many system calls things take. The figures are on the console.
# kernels: once alpine-6.18
# processors: all
# modules: vrf dummy
ip link add mgmt type vrf table 10
ip link set mgmt up
for family in 4 6; do
    ip -$family rule add pref 1000 l3mdev unreachable
done

# Calls of the trace between the launcher's own execve and the one of its command, that is, of /busybox/true.
before_execve() {
    awk '/execve\("\/vrf-launch"/ { counting = 1; next } /execve\("\/busybox\/true"/ { exit } counting && !/^[0-9]+ (---|\+\+\+)/ { n++ } END { print n + 0 }' /tmp/trace
}
# Where `long` has 32 bits, it is asked once whether there is statx(2), which has times of 64.
more=0
case $(uname -m) in
armv7*) more=1 ;;
esac
# at_most FIGURE LIMIT WHAT
at_most() {
    echo "# $3: $1 system calls"
    [ "$1" -gt 0 ] || fail "$3: nothing was counted"
    [ "$1" -le $(($2 + more)) ] || {
        fail "$3: $1 system calls, more than $2"
        shown </tmp/trace
    }
}

# The machine has just booted: nobody has been launched yet, and `up` finds no service: seven calls to look for the cgroup tree, and one (fstat) asks whose the
# record is.
case_ up_of_the_seed_takes_at_most_54
ip netns add fresh
on fresh ip link add eth0 type dummy
on fresh strace -f -o /tmp/trace /vrf-launch -c /test/interfaces.seed up
at_most "$(sed 1d /tmp/trace | grep -Evc '^[0-9]+ (---|\+\+\+)')" 54 'up of the seed'

# What stands in the place of each request is looked at then: a dump for every table and interface.
case_ second_up_takes_at_most_67
on fresh strace -f -o /tmp/trace /vrf-launch -c /test/interfaces.seed up
at_most "$(sed 1d /tmp/trace | grep -Evc '^[0-9]+ (---|\+\+\+)')" 67 'second up of the seed'

# The first makes cgroups and loads programs. Each reads the rules, which takes three: a socket, a request, an answer.
case_ launch_at_bind_takes_at_most_24
strace -f -o /tmp/trace /vrf-launch --isolation bind mgmt -- /busybox/true
at_most "$(before_execve)" 37 'first launch at bind'
strace -f -o /tmp/trace /vrf-launch --isolation bind mgmt -- /busybox/true
at_most "$(before_execve)" 24 'second launch at bind'

case_ launch_at_guard_takes_at_most_35
strace -f -o /tmp/trace /vrf-launch mgmt -- /busybox/true
at_most "$(before_execve)" 52 'first launch at guard'
strace -f -o /tmp/trace /vrf-launch mgmt -- /busybox/true
at_most "$(before_execve)" 35 'second launch at guard'

case_ it_counts_as_for_iproute2
strace -f -o /tmp/trace ip vrf exec mgmt /busybox/true
sed -i 's/execve("[^"]*ip"/execve("\/vrf-launch"/' /tmp/trace
expect 'iproute2 takes more than 60' test "$(before_execve)" -gt 60
echo "# ip vrf exec: $(before_execve) system calls"

# Addresses go with the links that are deleted, and the links together.
case_ down_of_twenty_interfaces_that_up_made_takes_at_most_46
ip netns add many
for n in $(seq 20); do
    printf 'auto d%d\niface d%d\n    link-type dummy\n    address 10.1.%d.1/24\n    address fd00:%d::1/64\n' "$n" "$n" "$n" "$n"
done >/tmp/conf
run on many /vrf-launch -c /tmp/conf up
equal 'up' "$status$err" 0
on many strace -f -o /tmp/trace /vrf-launch -c /tmp/conf down
at_most "$(sed 1d /tmp/trace | grep -Evc '^[0-9]+ (---|\+\+\+)')" 46 'down of twenty interfaces'
equal 'none is left' "$(ip -n many -o link show | grep -c ': d[0-9]')" 0
