#!/bin/sh
# 4,000 VRFs (`make bench ONLY=scale4000`), each with a member and two routes: up, a launch into the last one, and the same by `ip -batch`.
# kernels: debian-6.1
# modules: vrf dummy
# source: costs.c
# timeout: 3600
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh

many
case_ vrfs_4000
vrfs 4000
