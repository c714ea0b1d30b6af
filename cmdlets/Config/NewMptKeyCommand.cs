using System.Management.Automation;
using System.Security.Cryptography;

namespace MptTools.Cmdlets;

/// <summary>Makes a key for auth_key: random, in the form that configuration files take.</summary>
[Cmdlet(VerbsCommon.New, "MptKey")]
[OutputType(typeof(string))]
public sealed class NewMptKeyCommand : PSCmdlet
{
    /// <summary>The key's length in bytes; the files take no other.</summary>
    internal const int Bytes = 32;

    /// <summary>64 hexadecimal digits from the system's source of random numbers.</summary>
    internal static string Make() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Make());
}
