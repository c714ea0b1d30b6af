using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Texts that the reader of the files takes, or nothing, as in an empty column of a CSV file.</summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class ValidateByReaderAttribute : ValidateArgumentsAttribute
{
    /// <summary>What would be right, as the object of "Give".</summary>
    private protected abstract string Wanted { get; }

    /// <summary>What is wrong, as the end of a sentence about the text; null where nothing is.</summary>
    private protected abstract string? FaultOf(string text);

    /// <inheritdoc/>
    protected override void Validate(object? arguments, EngineIntrinsics engineIntrinsics)
    {
        foreach (object? item in arguments as Array ?? new[] { arguments })
        {
            if (LanguagePrimitives.ConvertTo<string?>(item) is { Length: > 0 } text && FaultOf(text) is { } fault)
            {
                throw new ValidationMetadataException($"'{text}' {fault}. Give {Wanted}.");
            }
        }
    }
}

/// <summary>A rate in bit/s.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateRateAttribute : ValidateByReaderAttribute
{
    private protected override string Wanted => "0 for no limit, or a rate in bit/s from 8k to 1000G, such as 20M, 1.5G, 800k or 20000000";

    private protected override string? FaultOf(string text) => BitRate.Parse(text, out _);
}

/// <summary>A version of IP. Unlike ValidateSet it takes nothing at all.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateIPVersionAttribute : ValidateByReaderAttribute
{
    private protected override string Wanted => "4 or 6";

    private protected override string? FaultOf(string text) => text is "4" or "6" ? null : "is no version of IP";
}

/// <summary>A name as the files have it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateWordAttribute : ValidateByReaderAttribute
{
    private protected override string Wanted => "one without blanks";

    private protected override string? FaultOf(string text) => text.Any(char.IsWhiteSpace) ? "is more than one word" : null;
}

/// <summary>Ports and ranges of ports.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidatePortsAttribute : ValidateByReaderAttribute
{
    private protected override string Wanted => "ports from 0 to 65535 and ranges of them, such as 80, 443, 8000-8010";

    private protected override string? FaultOf(string text) => PortList.Parse(text, out _);
}

/// <summary>IP protocols.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateProtocolsAttribute : ValidateByReaderAttribute
{
    /// <summary>One only.</summary>
    public bool Single { get; set; }

    private protected override string Wanted => $"{(Single ? "the name of a protocol or its number" : "names of protocols or their numbers")} from 0 to 255, such as tcp, udp, icmp or 50";

    private protected override string? FaultOf(string text) =>
        ProtocolNames.Parse(text, out IReadOnlyList<int> protocols) ?? (Single && protocols.Count > 1 ? "is more than one protocol" : null);
}

/// <summary>Networks and addresses of either IP version.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateNetworksAttribute : ValidateByReaderAttribute
{
    private protected override string Wanted => "networks or addresses such as 10.1.0.0/16, 192.0.2.7, fd00:1::/64";

    private protected override string? FaultOf(string text) => NetworkList.Parse(text, out _);
}

/// <summary>Codepoints of differentiated services.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateDscpAttribute : ValidateByReaderAttribute
{
    /// <summary>One only, neither a range nor a list.</summary>
    public bool Single { get; set; }

    private protected override string Wanted => $"{(Single ? "a codepoint from 0 to 63 or its name" : "codepoints from 0 to 63, ranges of them, or their names")}, such as ef, af41, cs5, va or le";

    private protected override string? FaultOf(string text) =>
        DscpNames.Parse(text, out IReadOnlyList<int> codepoints) ?? (Single && codepoints.Count > 1 ? "is more than one codepoint" : null);
}
