//! NHN KCP's identity-verification wire: messages, signature, client.
