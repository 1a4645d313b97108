//! Ports that are free now.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A port on loopback, held until it is dropped. A listener that never accepted leaves nothing behind that would block
/// the next bind.
///
/// Between the drop and the moment when the app binds it, somebody else can take it: there is no way to give an
/// unprepared app a bound socket. The window is one program start, and a replica that lost the race is started again on
/// another port (see [`is_taken`]).
pub struct Reserved(TcpListener);

impl Reserved {
    pub fn any() -> io::Result<Self> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(Reserved)
    }

    pub fn number(&self) -> io::Result<u16> {
        Ok(self.0.local_addr()?.port())
    }
}

/// True while somebody holds this port on loopback: after a replica's "address already in use" it tells our lost race
/// from the app's own collision on another port.
pub fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_ports_differ_while_held_and_are_free_after() {
        let held: Vec<Reserved> = (0..20).map(|_| Reserved::any().unwrap()).collect();
        let mut numbers: Vec<u16> = held.iter().map(|port| port.number().unwrap()).collect();
        assert!(numbers.iter().all(|&number| is_taken(number)));
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 20);
        drop(held);
        TcpListener::bind((Ipv4Addr::LOCALHOST, numbers[0])).unwrap();
    }
}
