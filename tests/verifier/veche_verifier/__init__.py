"""The second verifier of Veche: the audit file and the test vectors, checked from the specification alone.

Written from docs/spec, with nothing but Python's standard library. Slow, plain and independent: it shares no line with the
product, so that a mistake must be made twice to go unseen. It verifies; it never makes a ballot, a signature or a seal.
"""
