namespace MptTools.Engine.Linux;

/// <summary>
/// Runs iproute2's <c>ip</c>, which knows the kernel's tables on every distribution. Arguments are passed one by one: there
/// is no shell in between.
/// </summary>
internal static class IpCommand
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20);

    /// <summary>An option that changes nothing here, in place of a family.</summary>
    internal const string AnyFamily = "-oneline";

    /// <summary>Runs one command.</summary>
    /// <exception cref="MptStartException">There is no <c>ip</c> on this host.</exception>
    internal static ProgramRun.Result Run(params ReadOnlySpan<string> arguments) => Run(null, arguments);

    /// <summary>Runs commands line by line in one process; one that fails does not stop the others, and makes the result a failure.</summary>
    /// <param name="family">-4 or -6, or <see cref="AnyFamily"/> where the addresses tell; lines of a batch cannot say it.</param>
    internal static ProgramRun.Result RunBatch(string family, params IReadOnlyCollection<string> lines) =>
        lines.Count == 0 ? default : Run(string.Join('\n', lines) + "\n", family, "-force", "-batch", "-");

    private static ProgramRun.Result Run(string? input, params ReadOnlySpan<string> arguments) =>
        ProgramRun.Run("ip", "iproute2", input, TimeLimit, arguments);
}
