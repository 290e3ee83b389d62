"""The errors that an operator can mend. An error of the program itself does not belong here."""


class OperatorError(Exception):
    """Something the operator can mend; the message says what and how, in one sentence.

    The command line prints it without a traceback and exits with 1.
    """
