//! Further devices: added, revoked, speaking; mostly as they may.

use assembly::Body;
use primitives::SigningSecret;
use primitives::signed::Unverified;

use super::Talk;

impl Talk {
    /// Something about a seat's devices.
    pub(super) fn device(&mut self, seat: u32) {
        match self.dice.roll(11) {
            // More than there may be at once, and more than a month has.
            9 => (0..5).for_each(|_| self.add(seat)),
            10 => (0..10).for_each(|_| {
                self.add(seat);
                self.revoke(seat);
            }),
            0..=3 => self.add(seat),
            4 => self.add_what_is_known(seat),
            5 | 6 => self.revoke(seat),
            7 => self.revoke_itself(),
            _ => {
                let device = self.world.device(1 + seat % 3).verifying_key();
                self.say(seat, &Body::DeviceRevoked { device });
            }
        }
    }

    /// The last device that was added in a seat's name, whatever became of it.
    pub(super) fn further_device(&self, seat: u32) -> Option<&SigningSecret> {
        let mut own = self.devices.iter().rev().filter(|(of, _)| *of == seat);
        own.next().map(|(_, device)| device)
    }

    fn add(&mut self, seat: u32) {
        let (device, body) = self.world.new_device(seat);
        let certificate = self.world.certify(seat, device.verifying_key());
        let body = match self.dice.roll(9) {
            0 => {
                let forged = Unverified::new(certificate.bytes().to_vec(), [0; 64]);
                self.world.added_as(forged, &device)
            }
            1 => self.world.added(1 + seat % 3, &device),
            // As its key alone can be seen by others.
            2 => self.world.added_as(certificate, self.world.device(seat)),
            _ => body,
        };
        self.devices.push((seat, device));
        self.say(seat, &body);
    }

    /// A device that is or was somebody's, or that is proposed.
    fn add_what_is_known(&mut self, seat: u32) {
        let picked = self.dice.roll(self.devices.len().max(1));
        let known = match (self.dice.roll(3), self.devices.get(picked), self.pending.last()) {
            (0, Some((_, device)), _) => device,
            (1, _, Some((member, _))) => &member.device,
            _ => self.world.device(1 + seat % 3),
        };
        let body = self.world.added(seat, known);
        self.say(seat, &body);
    }

    fn revoke(&mut self, seat: u32) {
        let further = self.further_device(seat).map(SigningSecret::verifying_key);
        let device = further.unwrap_or_else(|| self.world.device(seat).verifying_key());
        self.say(seat, &Body::DeviceRevoked { device });
    }

    fn revoke_itself(&mut self) {
        let picked = self.dice.roll(self.devices.len().max(1));
        let Some((seat, device)) = self.devices.get(picked) else {
            return;
        };
        let body = Body::DeviceRevoked {
            device: device.verifying_key(),
        };
        let statement = self.world.statement_from(*seat, device, &body).sign(device);
        self.world.post(statement.unverified(), b"");
        self.seat_the_admitted();
    }
}
