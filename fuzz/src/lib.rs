//! What the fuzz targets share: inputs that begin as something valid and are then spoilt, bounds that every input must keep,
//! and the words to look for in what comes back. The targets themselves are tests; `docs/FUZZING.md` tells how to run them.

mod bounds;
mod examine;
mod input;

pub use bounds::{Bounds, bounded};
pub use examine::{PLANTED, assert_tells_nothing, is_korean};
pub use input::Input;
