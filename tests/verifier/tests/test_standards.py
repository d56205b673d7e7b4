"""The building blocks against the published vectors of their standards."""

import hashlib
import json
import unittest
from pathlib import Path

from veche_verifier import cbor, ed25519, ml_dsa, ristretto, x25519
from veche_verifier.chacha20poly1305 import decrypt
from veche_verifier.curve import IDENTITY, ORDER, add, is_same, multiply, multiscalar
from veche_verifier.hashing import hkdf
from veche_verifier.tlog import Frontier

MULTIPLES = """
0000000000000000000000000000000000000000000000000000000000000000
e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76
6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919
94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259
da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57
e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e
f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403
44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d
903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c
02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031
20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f
bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42
e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460
aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f
46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e
e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e
""".split()

INVALID = """
00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
0100000000000000000000000000000000000000000000000000000000000000
01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20
c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562
c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78
47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24
f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72
87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309
26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371
4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f
de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b
bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042
2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08
f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22
8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731
2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b
3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e
a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220
d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e
8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32
32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b
227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165
5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e
445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b
ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
""".split()

ONE_WAY = {
    "Ristretto is traditionally a short shot of espresso coffee": "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46",
    "made with the normal amount of ground coffee but extracted with": "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b",
    "about half the amount of water in the same amount of time": "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826",
    "by using a finer grind.": "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a",
    "This produces a concentrated shot of coffee per volume.": "ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179",
    "Just pulling a normal shot short will produce a weaker shot": "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628",
    "and is not a Ristretto as some believe.": "80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065",
}


class Ristretto(unittest.TestCase):
    """RFC 9496, appendix A."""

    def test_multiples_of_the_generator_encode_and_decode(self):
        point = IDENTITY
        for k, encoding in enumerate(MULTIPLES):
            data = bytes.fromhex(encoding)
            self.assertEqual(ristretto.encode(point), data)
            self.assertEqual(ristretto.encode(multiply(k, ristretto.BASE)), data)
            self.assertTrue(ristretto.is_equal(ristretto.decode(data), point))
            point = add(point, ristretto.BASE)

    def test_invalid_encodings_are_refused(self):
        for encoding in INVALID:
            self.assertIsNone(ristretto.decode(bytes.fromhex(encoding)), encoding)

    def test_the_one_way_map(self):
        for label, encoding in ONE_WAY.items():
            point = ristretto.from_uniform_bytes(hashlib.sha512(label.encode()).digest())
            self.assertEqual(ristretto.encode(point).hex(), encoding)

    def test_scalars_are_below_the_order(self):
        self.assertIsNone(ristretto.scalar(ORDER.to_bytes(32, "little")))
        self.assertEqual(ristretto.scalar((ORDER - 1).to_bytes(32, "little")), ORDER - 1)

    def test_sums_of_few_and_of_many_points_agree_with_single_products(self):
        terms = [(pow(7, 40 + i, ORDER), multiply(i + 1, ristretto.BASE)) for i in range(40)]
        for count in (1, 2, 23, 24, 40):
            total = IDENTITY
            for k, point in terms[:count]:
                total = add(total, multiply(k, point))
            self.assertTrue(is_same(multiscalar(terms[:count]), total))


class Signatures(unittest.TestCase):
    """RFC 8032, section 7.1, and what strict verification refuses beyond it."""

    KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    SIGNATURE = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    def test_a_published_signature_verifies_for_its_message_only(self):
        self.assertTrue(ed25519.is_valid(self.KEY, b"\x72", self.SIGNATURE))
        self.assertFalse(ed25519.is_valid(self.KEY, b"\x73", self.SIGNATURE))
        empty = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        signature = bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        )
        self.assertTrue(ed25519.is_valid(empty, b"", signature))

    def test_a_scalar_that_is_not_reduced_is_refused(self):
        s = int.from_bytes(self.SIGNATURE[32:], "little") + ORDER
        self.assertFalse(ed25519.is_valid(self.KEY, b"\x72", self.SIGNATURE[:32] + s.to_bytes(32, "little")))

    def test_keys_and_points_of_small_order_are_refused(self):
        identity = (1).to_bytes(32, "little")
        self.assertFalse(ed25519.is_valid(identity, b"", identity + bytes(32)))
        self.assertFalse(ed25519.is_valid(self.KEY, b"", identity + bytes(32)))


class SecondSignatures(unittest.TestCase):
    """FIPS 204, by a selection of Wycheproof's vectors: each way in which a signature can be malformed, and some that are good."""

    def test_published_signatures(self):
        cases = json.loads(Path(__file__).with_name("ml_dsa_44.json").read_text())["cases"]
        self.assertEqual({case["valid"] for case in cases}, {True, False})
        for case in cases:
            parts = [bytes.fromhex(case[part]) for part in ("key", "message", "signature")]
            with self.subTest(case["comment"]):
                self.assertEqual(ml_dsa.is_valid(*parts), case["valid"])


class KeyAgreement(unittest.TestCase):
    """RFC 7748, section 5.2."""

    def test_published_values(self):
        shared = x25519.x25519(
            bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
            bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        )
        self.assertEqual(shared.hex(), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
        shared = x25519.x25519(
            bytes.fromhex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
            bytes.fromhex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
        )
        self.assertEqual(shared.hex(), "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")

    def test_one_step_of_the_iterated_vector(self):
        nine = (9).to_bytes(32, "little")
        self.assertEqual(
            x25519.public_key(nine).hex(), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
        )

    def test_small_order(self):
        for point in (0, 1):
            self.assertTrue(x25519.has_small_order(point.to_bytes(32, "little")))
        self.assertFalse(x25519.has_small_order((9).to_bytes(32, "little")))


class Encryption(unittest.TestCase):
    """RFC 8439, section 2.8.2; RFC 5869, appendix A.1."""

    TEXT = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    SEALED = bytes.fromhex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
        "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
    )
    KEY = bytes(range(0x80, 0xA0))
    NONCE = bytes.fromhex("070000004041424344454647")
    ASSOCIATED = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")

    def test_the_published_text_opens(self):
        self.assertEqual(decrypt(self.KEY, self.SEALED, self.ASSOCIATED, self.NONCE), self.TEXT)

    def test_a_changed_bit_does_not(self):
        for at in (0, len(self.SEALED) - 1):
            changed = bytearray(self.SEALED)
            changed[at] ^= 1
            self.assertIsNone(decrypt(self.KEY, bytes(changed), self.ASSOCIATED, self.NONCE))
        self.assertIsNone(decrypt(self.KEY, self.SEALED, b"", self.NONCE))
        self.assertIsNone(decrypt(self.KEY, bytes(15), b"", self.NONCE))

    def test_key_derivation(self):
        key = hkdf("sha256", b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)))
        self.assertEqual(key.hex(), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


class Encoding(unittest.TestCase):
    """RFC 8949, appendix A and section 4.2."""

    GOOD = {
        "00": 0,
        "17": 23,
        "1818": 24,
        "1903e8": 1_000,
        "1a000f4240": 1_000_000,
        "1bffffffffffffffff": 2**64 - 1,
        "4401020304": b"\x01\x02\x03\x04",
        "62c3bc": "ü",
        "8301820203820405": [1, [2, 3], [4, 5]],
        "f6": None,
    }
    BAD = "1817 190001 1a00000001 1b0000000000000001 5801 9f01ff 5f4101ff 0000 8101f6 61ff a0 20 f4 f7 fb0000000000000000 c000 82 5b".split()

    def test_what_is_canonical_is_read_and_written(self):
        for encoding, value in self.GOOD.items():
            data = bytes.fromhex(encoding)
            self.assertEqual(cbor.decode(data), value)
            self.assertEqual(cbor.encode(value), data)

    def test_what_is_not_is_refused(self):
        for encoding in self.BAD:
            with self.assertRaises(cbor.Malformed, msg=encoding):
                cbor.decode(bytes.fromhex(encoding))


class Trees(unittest.TestCase):
    """RFC 6962, section 2.1."""

    def test_the_frontier_has_the_root_of_the_definition(self):
        leaves = [(at, b"entry %d" % at) for at in range(20)]

        def root(part):
            if len(part) == 1:
                return hashlib.sha256(b"\x00" + part[0][0].to_bytes(8, "big") + part[0][1]).digest()
            split = 1 << (len(part) - 1).bit_length() - 1
            return hashlib.sha256(b"\x01" + root(part[:split]) + root(part[split:])).digest()

        self.assertEqual(Frontier().root(), hashlib.sha256().digest())
        for size in range(1, 21):
            self.assertEqual(Frontier.over(leaves[:size]).root(), root(leaves[:size]))


if __name__ == "__main__":
    unittest.main()
