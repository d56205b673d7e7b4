//! The plenary founded anew: mostly by the next number, sometimes by enough.

use assembly::Body;

use super::Talk;

impl Talk {
    /// One says it, or some do one after another.
    pub(super) fn refound(&mut self, seat: u32) {
        let next = self.world.assembly.next_plenary();
        let nth = match self.dice.roll(8) {
            0 => next - 1,
            1 => next + 1,
            _ => next,
        };
        let salt = [u8::try_from(self.dice.roll(3)).unwrap(); 32].into();
        let all = u32::try_from(self.world.members.len()).unwrap();
        let said = if self.dice.roll(3) == 0 { 1 + seat % all } else { 1 };
        for by in 0..said {
            self.say(1 + (seat + by) % all, &Body::Refounded { nth, salt });
        }
    }
}
