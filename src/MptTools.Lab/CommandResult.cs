namespace MptTools.Lab;

/// <summary>How a command ended.</summary>
/// <param name="Command">The command line as a person would type it.</param>
/// <param name="ExitCode">The exit code; 128 plus the signal's number when a signal ended it.</param>
/// <param name="Output">What it wrote to its standard output.</param>
/// <param name="Error">What it wrote to its standard error.</param>
/// <param name="TimedOut">Whether it ran longer than allowed and was killed.</param>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error, bool TimedOut)
{
    /// <summary>Whether it ended in time with exit code 0.</summary>
    public bool Succeeded => ExitCode == 0 && !TimedOut;

    /// <summary>Returns this result when the command succeeded.</summary>
    /// <exception cref="LabException">It failed or ran out of time; the message holds what it wrote.</exception>
    public CommandResult EnsureSuccess()
    {
        if (Succeeded)
        {
            return this;
        }
        string ending = TimedOut ? "did not end in time and was killed" : $"failed with exit code {ExitCode}";
        string said = string.Join(Environment.NewLine, new[] { Error.Trim(), Output.Trim() }.Where(text => text.Length > 0));
        throw new LabException(said.Length > 0
            ? $"The command '{Command}' {ending}; it wrote: {said}"
            : $"The command '{Command}' {ending} and wrote nothing.");
    }
}
