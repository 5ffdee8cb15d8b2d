# The kernel's state, as ip -j prints it, without what differs from run to run: indexes, hardware addresses and
# what is made from them, counters, and the order in which the kernel happens to list things. One line each.
#
# In: what lib.sh's `raw_state` prints. Where it comes from files, each line has the file's name (a whole path) before it.

def linklocal: type == "string" and startswith("fe80:") and (endswith("/64") | not);

def state:
    {
        rules4: .[0],
        rules6: .[2],
        routes4: (.[1] | map(.flags -= ["linkdown"]) | sort),
        routes6: (.[3] | map(select(.dst | linklocal | not) | .flags -= ["linkdown"]) | sort),
        links: (.[4] | map(select(.ifname) | del(
            .ifindex, .link_index, .link_netnsid, .address, .permaddr, .promiscuity, .stats64, .qdisc, .group, .txqlen,
            .num_tx_queues, .num_rx_queues, .gso_max_size, .gso_max_segs, .tso_max_size, .tso_max_segs, .gro_max_size,
            .gso_ipv4_max_size, .gro_ipv4_max_size, .max_mtu, .min_mtu, .addr_info,
            .linkinfo.info_data.bridge_id, .linkinfo.info_data.root_id, .linkinfo.info_data.hello_timer,
            .linkinfo.info_data.gc_timer, .linkinfo.info_data.topology_change_timer, .linkinfo.info_data.tcn_timer,
            .linkinfo.info_slave_data.root_id, .linkinfo.info_slave_data.bridge_id, .linkinfo.info_slave_data.id,
            .linkinfo.info_slave_data.hold_timer, .linkinfo.info_slave_data.message_age_timer,
            .linkinfo.info_slave_data.forward_delay_timer, .linkinfo.info_slave_data.perm_hwaddr
        ) | .flags |= sort) | sort_by(.ifname)),
        addresses: (.[4] | map({ifname} + (.addr_info[]? | select(.local | linklocal | not))) | sort)
    } | to_entries[] | [.key] + (.value[] | [.]);

reduce (inputs | [input_filename // "", .]) as [$name, $part] ({}; .[$name] += [$part])
| to_entries[] | .key as $name | .value | state | if $name | startswith("/") then [$name] + . else . end
