//! HTTP clients on machines that may have no CA certificates.

use reqwest::{Client, ClientBuilder, Error};

/// Makes an HTTP client, as `builder` says it is to be. Where that fails, since the machine has no CA certificates, makes one
/// that trusts nobody: it still speaks plain HTTP, with a sandbox or within a network. Says whether it is such a one.
pub fn client(builder: impl Fn() -> ClientBuilder) -> Result<(Client, bool), Error> {
    match builder().build() {
        Ok(client) => Ok((client, false)),
        Err(_) => Ok((builder().tls_certs_only([]).build()?, true)),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn where_no_client_can_be_made_one_is_made_that_trusts_nobody() {
        let asked = Cell::new(0);
        let fails = |times| {
            asked.set(0);
            client(|| {
                asked.set(asked.get() + 1);
                let builder = Client::builder();
                if asked.get() <= times {
                    // No header may hold a line's end.
                    builder.user_agent("\n")
                } else {
                    builder.tls_certs_only([])
                }
            })
        };
        assert!(!fails(0).unwrap().1);
        assert!(fails(1).unwrap().1);
        assert!(
            fails(2).is_err(),
            "what is wrong for another reason is told"
        );
    }
}
