"""The addresses that SDKs send to."""
