//! NHN KCP's other half: hub, phone, people, faults.
