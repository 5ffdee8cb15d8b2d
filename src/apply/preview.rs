//! A dry run: what would change is composed as text, nothing is changed.
//!
//! Each command is compared with what stands in the kernel now. What is about an interface that is not there yet, or is not
//! what it will be, would be done; what a shell does is not known, so that it is always among it.

use super::{Apply, Asked, DHCP_END, TC, has_ipv6};
use crate::error::{Errno, Why};
use crate::ip::{Class, Request};
use crate::limits;
use crate::log::{Outcome, refused};
use crate::service::shell;
use crate::text::Buf;
use crate::uapi;

impl Apply {
    /// Notes a request, if it would change something.
    #[inline(never)]
    pub(super) fn preview(&mut self, command: &[u8], request: &Request<'_>, body: &[u8], asked: Asked) -> Outcome {
        let class = request.class;
        let adds = matches!(class, Class::LinkAdd | Class::AddrAdd | Class::RouteAdd | Class::RuleAdd);
        let mut room = [0; 160];
        let mut other = Buf::new(&mut room);
        let there = match class {
            // These are asked for only where something is not so yet.
            Class::LinkSet | Class::AddrFlush | Class::TcAdd | Class::TcDel => return self.would(command, asked),
            Class::LinkAdd | Class::LinkDel => self.link(request.dev).is_ok(),
            _ => match self.standing(class, request.table, body, &mut other)? {
                Ok(same) => same,
                // No such table, or no such family.
                Err(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => false,
                Err(errno) => return self.fail_asking(command, asked, errno),
            },
        };
        if class == Class::LinkAdd && there {
            return self.verify_link(command, asked);
        }
        if adds && !there && !other.is_empty() && request.flags & uapi::NLM_F_EXCL != 0 {
            return self.fail(command, asked, Why::Text(other.as_bytes()), b"");
        }
        // What isolation alone asks for has not to be where there is no IPv6.
        let needless = asked.implied && body.first() == Some(&uapi::AF_INET6) && !has_ipv6();
        if adds == there || needless { Ok(()) } else { self.would(command, asked) }
    }

    /// Adds a command for a shell: nobody knows what it changes.
    #[inline(never)]
    pub(super) fn would_run(&mut self, command: &[u8], phase: &str, asked: Asked) -> Outcome {
        self.would_head(asked)
            .and_then(|()| shell::put_script(&mut self.would, command, self.owner, phase, &self.conf))
            .map_err(|errno| refused("remember", command, errno))
    }

    fn would_head(&mut self, asked: Asked) -> Result<(), Errno> {
        let mut room = [0; 2 * limits::LINE];
        let mut out = Buf::new(&mut room);
        if let Some(at) = asked.at {
            self.listing.put_heading(self.owner, self.conf.place(at), &mut out);
        }
        self.would.extend(out.as_bytes())
    }

    /// Adds a command to what would be done.
    #[inline(never)]
    pub(super) fn would(&mut self, command: &[u8], asked: Asked) -> Outcome {
        let mut room = [0; 2 * limits::LINE];
        let mut out = Buf::new(&mut room);
        let mut any = false;
        let _ = self.each_vrf(&mut |_, _| any = true); // where that cannot be known, it is said as in `plan`
        if command.starts_with(DHCP_END) {
            out.str("# ").bytes(command).str("  # the client is ended\n");
        } else if command.starts_with(b"tc filter replace ") {
            out.str("# ").bytes(command).str("  # a program; plan has flower in its place\n");
        } else {
            self.listing.put_command(command, asked.implied && asked.at.is_some(), !any, &mut out);
        }
        // Of what was made several times, one is left.
        let again = self.undoing && command.starts_with(TC) && {
            let line = out.as_bytes();
            self.would.as_slice().windows(line.len().max(1)).any(|other| other == line)
        };
        if again || out.is_empty() {
            return Ok(());
        }
        self.would_head(asked)
            .and_then(|()| self.would.extend(out.as_bytes()))
            .map_err(|errno| refused("remember", command, errno))
    }
}
