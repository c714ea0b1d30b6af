using System.Globalization;
using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>A number, or numbers, in a range. Unlike ValidateRange it tells both ends, takes 0 besides where that has a meaning of its own, and nothing at all.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateNumberAttribute(double min, double max) : ValidateArgumentsAttribute
{
    /// <summary>The smallest number.</summary>
    public double Min { get; } = min;

    /// <summary>The largest number.</summary>
    public double Max { get; } = max;

    /// <summary>0 is taken as well.</summary>
    public bool OrZero { get; set; }

    /// <inheritdoc/>
    protected override void Validate(object? arguments, EngineIntrinsics engineIntrinsics)
    {
        foreach (object? item in arguments as Array ?? new[] { arguments })
        {
            if (item is not null)
            {
                Check(LanguagePrimitives.ConvertTo<double>(item));
            }
        }
    }

    private void Check(double number)
    {
        if (!(number >= Min && number <= Max) && !(OrZero && number == 0))
        {
            throw new ValidationMetadataException(
                string.Create(CultureInfo.InvariantCulture, $"{number} is out of range. Give {(OrZero ? "0, or " : "")}a number from {Min} to {Max}."));
        }
    }
}
