//! What an identity verification is: ids, people, operators, the state machine.
