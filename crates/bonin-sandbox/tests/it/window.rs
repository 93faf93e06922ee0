//! The window: a merchant that is not ours registers, its customer goes through the pages, and it decrypts who that was.

mod asking;
mod client;
mod pages;
mod registering;
mod walking;

use self::client::Shop;

fn shop() -> Shop {
    Shop::default_one()
}
