//! Further devices of members.

use primitives::signed::Unverified;
use primitives::{DeviceCertificate, DeviceClaim, SeatNumber, SigningSecret, VerifyingKey};

use super::World;
use crate::fold::Taken;
use crate::statement::{Body, Statement};

impl World {
    /// A fresh device, and the statement that adds it to a seat.
    pub fn new_device(&mut self, seat: u32) -> (SigningSecret, Body) {
        let device = SigningSecret::random(&mut self.rng);
        let body = self.added(seat, &device);
        (device, body)
    }

    /// The statement that adds a device to a seat.
    #[must_use]
    pub fn added(&self, seat: u32, device: &SigningSecret) -> Body {
        let certificate = self.certify(seat, device.verifying_key());
        self.added_as(certificate, device)
    }

    /// A statement that adds a device with this certificate; the device claims what the certificate says.
    #[must_use]
    pub fn added_as(&self, certificate: Unverified, device: &SigningSecret) -> Body {
        let claim = certificate.peek::<DeviceCertificate>();
        let claim = claim.map(|certificate| DeviceClaim::of(self.assembly.id(), &certificate));
        let claim = claim.map_or_else(|_| [0; 64].into(), |claim| claim.sign(device));
        Body::DeviceAdded { certificate, claim }
    }

    /// A device as a seat's identity key certifies it.
    #[must_use]
    pub fn certify(&self, seat: u32, device: VerifyingKey) -> Unverified {
        let identity = &self.member(seat).identity;
        DeviceCertificate::issue(identity, device, [8; 32], self.now)
            .unverified()
            .clone()
    }

    /// A seat's first device adds another.
    pub fn add_device(&mut self, seat: u32) -> SigningSecret {
        let (device, body) = self.new_device(seat);
        self.says(seat, &body);
        device
    }

    /// A statement as a device of a seat would make it now.
    #[must_use]
    pub fn statement_from(&self, seat: u32, device: &SigningSecret, body: &Body) -> Statement {
        Statement::new(
            self.assembly.id(),
            SeatNumber(seat),
            device.verifying_key(),
            Some(self.seen()),
            self.now.after(60_000),
            body,
        )
    }

    /// As [`World::say`], from this device.
    pub fn say_from(&mut self, seat: u32, device: &SigningSecret, body: &Body) -> Taken {
        let signed = self.statement_from(seat, device, body).sign(device);
        self.post(signed.unverified(), b"")
    }

    /// As [`World::says`], from this device.
    pub fn says_from(&mut self, seat: u32, device: &SigningSecret, body: &Body) -> Taken {
        let taken = self.say_from(seat, device, body);
        assert_eq!(taken.rejection, None, "{}", body.name());
        taken
    }
}
