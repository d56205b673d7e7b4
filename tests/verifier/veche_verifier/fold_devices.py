"""The part of the fold about further devices of a seat (docs/spec/journal.md, Seats)."""

from types import SimpleNamespace

from . import cbor
from . import entry as entries
from .fold_members import DEPUTY, MONTH_MS, read_certificate
from .rules import require

DEVICES_MAX = 5
DEVICES_A_MONTH = 8


class Devices:
    """Devices that a seat's first one adds, and that it or they revoke."""

    def is_taken(self, device):
        """Whether a device is or was a seat's, or is to be one's by an open admission."""
        held = [seat.devices + seat.revoked for seat in self.seats.values()]
        held += [[admission.device.device] for admission in self.admissions.values() if admission.is_open]
        return any(device in devices for devices in held)

    def check_DeviceAdded(self, seat, statement, body):
        """The seat has a further device."""
        require(seat.is_voting_device(statement.device), "ASM-42")
        certificate = read_certificate(body.certificate)
        require(certificate is not None and certificate.identity == seat.identity, "ASM-42")
        require(self._is_claimed(certificate, body.claim), "ASM-42")
        require(not self.is_taken(certificate.device), "ASM-42")
        recent = [at for at in seat.added if self.now - at < MONTH_MS]
        require(len(seat.devices) < DEVICES_MAX and len(recent) < DEVICES_A_MONTH, "ASM-42")
        return lambda position: self._add_device(seat, certificate.device)

    def _is_claimed(self, certificate, signature):
        """Whether the device itself has signed that it is to be this member's."""
        named = certificate.identity, certificate.device, certificate.sealing_key
        claim = SimpleNamespace(bytes=cbor.encode([self.id, *named]), signature=signature)
        return entries.is_signed(claim, "veche/v1/journal/device-claim", certificate.device)

    def _add_device(self, seat, device):
        seat.devices.append(device)
        seat.added.append(self.now)

    def check_DeviceRevoked(self, seat, statement, body):
        """A further device is the seat's no more."""
        further = body.device in seat.devices[1:]
        speaks = seat.is_voting_device(statement.device) or statement.device == body.device
        require(further and speaks, "ASM-43")
        return lambda position: self._revoke_device(seat, body.device)

    def check_CosigningKeyAnnounced(self, seat, statement, body):
        """A device cosigns with a second key, too."""
        require(seat.role == DEPUTY, "ASM-11")
        require(statement.device not in seat.cosigning_keys, "ASM-46")
        return lambda position: seat.cosigning_keys.setdefault(statement.device, body.key)

    def _revoke_device(self, seat, device):
        seat.devices.remove(device)
        seat.cosigning_keys.pop(device, None)
        seat.revoked.append(device)
        self.leave_behind()
