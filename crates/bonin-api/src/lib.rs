//! The REST contract of PortOne V2 identity verification, as types.
